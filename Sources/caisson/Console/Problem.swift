import CommandLineKit
import JSONText

/// All that an error has to say: what happened, where, in which state things are and what to type next.
struct Problem: Sendable, Equatable {
  var code: ExitCode
  var what: String
  /// `file:line:column`
  var place: String?
  var step: String?
  var operation: String?
  var sqlState: String?
  /// Who blocks whom, a line each.
  var blockers: [String] = []
  /// In which state the run and the database are.
  var state: String?
  var hint: String?
  /// The exact next command.
  var next: String?
  /// Every finding of an input that was refused, as a person and as a program reads it.
  var findings: String?
  var findingsJSON: JSON?

  init(_ code: ExitCode, _ what: String, hint: String? = nil, next: String? = nil) {
    self.code = code
    self.what = what
    self.hint = hint
    self.next = next
  }

  /// What a person reads on standard error.
  func text(by path: [String], palette: Palette = .plain) -> String {
    let above = findings.map { [$0] } ?? []
    let first = "\(palette(path.joined(separator: " ") + ":", .red)) \(what)"
    return (above + [first] + labelled.map { "  \(palette("\($0.label):", .bold)) \($0.text)" }).joined(separator: "\n")
  }

  /// What a program reads.
  var json: JSON {
    var members: [(String, JSON)] = [("exit_code", .int(Int64(code.rawValue))), ("message", .string(what))]
    let optional = [
      ("place", place), ("step", step), ("operation", operation), ("sqlstate", sqlState), ("state", state),
      ("hint", hint), ("next", next),
    ]
    members += optional.compactMap { name, value in value.map { (name, .string($0)) } }
    if !blockers.isEmpty { members.append(("blockers", .array(blockers.map { .string($0) }))) }
    if let findingsJSON { members.append(("findings", findingsJSON)) }
    return ["error": .object(JSONObject(members))]
  }

  private var labelled: [(label: String, text: String)] {
    var lines: [(label: String, text: String?)] = [("at", place), ("step", step), ("operation", operation)]
    lines.append(("SQLSTATE", sqlState))
    lines += blockers.map { ("blocked by", $0) }
    lines += [("state", state), ("hint", hint), ("next", next)]
    return lines.compactMap { label, text in text.map { (label, $0) } }
  }
}

/// A failure that a command itself finds.
struct CommandFailure: Error, Equatable {
  var problem: Problem

  init(_ code: ExitCode, _ what: String, hint: String? = nil, next: String? = nil) {
    problem = Problem(code, what, hint: hint, next: next)
  }

  init(_ problem: Problem) { self.problem = problem }
}
