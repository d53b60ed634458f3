import CommandLineKit
import PlanSchema

/// Command lines for the environment at hand, ready to be pasted.
struct NextCommand: Sendable, Equatable {
  /// The environment file as this machine finds it from here.
  let file: String
  /// One of the environment's many databases.
  var target: String?
  private let variables: [String]

  /// `hiding`: private variables, of whose values nothing but a reference is repeated.
  init(_ parsed: ParsedCommand, hiding privates: [String] = []) throws {
    self.init(file: try EnvironmentChoice.path(parsed), parsed, hiding: privates)
  }

  /// For a file that the command line leads to.
  init(file: String, _ parsed: ParsedCommand, hiding privates: [String]) {
    self.init(
      file: file,
      variables: parsed.assignments(.variable).map { name, value in
        let isPlain = (try? Secret(parsing: value))?.plainText != nil
        return "\(name)=\(privates.contains(name) && isPlain ? "…" : value)"
      })
  }

  init(file: String, variables: [String] = []) {
    self.file = file
    self.variables = variables
  }

  /// `caisson COMMAND FILE MORE`, with the variables this run was given.
  func callAsFunction(_ command: String, _ more: String...) -> String { self(command, more: more) }

  func callAsFunction(_ command: String, more: [String]) -> String {
    let place = more.firstIndex { $0.hasPrefix("-") } ?? more.count
    var words = command.split(separator: " ").map(String.init) + [file]
    words += more[..<place]
    if let target { words += ["--target", target] }
    words += more[place...]
    return ([Tool.name] + words + variables.flatMap { ["--var", $0] }).map(Self.quoted).joined(separator: " ")
  }

  /// A word as a shell reads it back.
  static func quoted(_ word: String) -> String {
    let isPlain = { (scalar: Unicode.Scalar) in
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-_./=:,+@%".unicodeScalars.contains(scalar)
    }
    if !word.isEmpty, word.unicodeScalars.allSatisfy(isPlain) { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }
}
