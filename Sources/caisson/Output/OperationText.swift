import CommandLineKit
import Engine
import PluginAPI
import SQLText

/// An operation as `plan` and `rollback --dry-run` print it.
struct OperationText {
  let operation: Operation

  /// Title, the exact statements, what is checked, and the way back.
  func lines(number: Int, _ palette: Palette = .plain) -> [String] {
    var lines = ["\(number). \(palette(operation.title, .bold)) (\(manner))"]
    if case .parallel(let work) = operation.work {
      for (place, member) in work.members.enumerated() {
        lines += OperationText(operation: member).lines(number: place + 1, palette).map { "  \($0)" }
      }
      return lines
    }
    if case .bracket(let work) = operation.work { return lines + bracket(work, palette) }
    if let unless = operation.unless { lines += labelled("unless", unless) }
    lines += operation.sentStatements.flatMap { Self.indented($0.printed) }
    lines += operation.checks.filter { Self.isShort($0.sql) }.flatMap { labelled("check", $0.sql) }
    lines += hostWork.map { "   \($0)" }
    return lines + undo(palette)
  }

  /// How the engine goes about it.
  private var manner: String {
    switch operation.work {
    case .transaction(let work):
      work.isolation == .readCommitted ? "transaction" : "transaction, \(work.isolation.rawValue)"
    case .autocommit(let work):
      work.probe == nil
        ? "by itself, and a crash leaves it for a person: no probe" : "by itself, after a crash its probe decides"
    case .chunked(let work):
      "chunk after chunk, about \(work.target) each" + (work.workers > 1 ? ", \(work.workers) side by side" : "")
    case .observe(let work):
      work.until == nil ? "only looks" : "waits" + (work.deadline.map { ", at most \($0)" } ?? "")
    case .file: "file"
    case .process: "program"
    case .parallel(let work): "side by side, \(work.width) at a time"
    case .export: "export, one snapshot"
    case .admin(let work): work.probe == nil ? "console, sent again after a crash" : "console, after a crash its probe decides"
    case .bracket(let work): "opened, at most \(work.deadline), and closed on every way out, a guardian beside it"
    }
  }

  private var hostWork: [String] {
    switch operation.work {
    case .file(let work): ["writes \(work.path), mode \(String(work.mode, radix: 8))"]
    case .process(let work): ["runs \(work.arguments.map(NextCommand.quoted).joined(separator: " "))"]
    case .export(let work): export(work)
    case .admin(let work):
      ["on the console \(work.console): \(work.command)"] + consoleProbe(work.probe)
    default: []
    }
  }

  private func export(_ work: ExportWork) -> [String] {
    var lines = ["exports to \(work.path), mode \(work.isFolder ? 700 : 600), \(work.format.rawValue)"]
    for statement in work.prelude {
      lines.append("  before:")
      lines += Self.indented(statement.printed, by: 4)
    }
    for query in work.queries {
      lines.append("  \(query.name):")
      lines += Self.indented(query.sql.printed, by: 4)
    }
    return lines
  }

  private func consoleProbe(_ probe: AdminWork.Probe?) -> [String] {
    guard let probe else { return [] }
    return ["done when \(probe.show) has \(probe.column) = \(probe.value)\(probe.rowText)"]
  }

  private func bracket(_ work: BracketWork, _ palette: Palette) -> [String] {
    var lines = operation.unless.map { labelled("unless", $0) } ?? []
    for (word, part) in [("open", work.open), ("inside", work.body), ("close", work.close)] where !part.isEmpty {
      lines.append("   \(word):")
      for (place, one) in part.enumerated() {
        lines += OperationText(operation: one).lines(number: place + 1, palette).map { "     \($0)" }
      }
    }
    if operation.undo == .nothing { return lines + ["   undo: what was done inside, inside the same bracket"] }
    return lines + undo(palette)
  }

  private func undo(_ palette: Palette) -> [String] {
    switch operation.undo {
    case .nothing: filesBack
    case .irreversible(let reason): ["   \(palette("point of no return", .red)): \(reason)"]
    case .recompile(let phase): ["   undo: phase \(phase), compiled from the catalog when it is needed"]
    case .operations(let operations):
      operations.flatMap(\.leaves).flatMap { leaf -> [String] in
        let sent = leaf.sentStatements
        return sent.isEmpty || !sent.allSatisfy(Self.isShort)
          ? ["   undo: \(DisplayText.singleLine(leaf.title))"] : sent.flatMap { labelled("undo", $0) }
      }
    }
  }

  private var filesBack: [String] {
    switch operation.work {
    case .export: ["   undo: removes what it wrote, unless somebody has changed it"]
    case .file: ["   undo: puts the previous file back"]
    default: []
    }
  }

  private func labelled(_ label: String, _ sql: SQL) -> [String] {
    let lines = Self.indented(sql.printed, by: 0)
    return ["   \(label): \(lines.first ?? "")"] + lines.dropFirst().map { "     \($0)" }
  }

  /// The title says what longer ones do; --sql and --output json print them in full.
  private static func isShort(_ sql: SQL) -> Bool { sql.text.count { $0 == "\n" } < 6 }

  static func indented(_ text: String, by count: Int = 5) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: true).map {
      String(repeating: " ", count: count) + DisplayText.singleLine(String($0))
    }
  }
}

extension Operation {
  /// What it sends to change something; as the server's log shows it, `$1` standing for a bound value.
  var sentStatements: [SQL] { statements }

  /// What it sends only to look.
  var checks: [(name: String, sql: SQL)] {
    guard case .observe(let work) = self.work else { return [] }
    return work.queries.map { ($0.name, $0.sql) } + (work.until.map { [("until", $0)] } ?? [])
  }
}

extension AdminWork.Probe {
  /// Which of the rows, if it says so.
  fileprivate var rowText: String {
    row.isEmpty ? "" : " where " + row.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
  }
}
