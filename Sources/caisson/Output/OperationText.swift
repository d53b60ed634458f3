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
    if let unless = operation.unless { lines += labelled("unless", unless) }
    lines += operation.sentStatements.flatMap { Self.indented($0.text) }
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
    }
  }

  private var hostWork: [String] {
    switch operation.work {
    case .file(let work): ["writes \(work.path), mode \(String(work.mode, radix: 8))"]
    case .process(let work): ["runs \(work.arguments.map(NextCommand.quoted).joined(separator: " "))"]
    default: []
    }
  }

  private func undo(_ palette: Palette) -> [String] {
    switch operation.undo {
    case .nothing: []
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

  private func labelled(_ label: String, _ sql: SQL) -> [String] {
    let lines = Self.indented(sql.text, by: 0)
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
