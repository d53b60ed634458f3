import PluginAPI
import SQLText

/// How a phase differs from what was shown before the run began; none: it is the same work.
struct ProgramDrift {
  let lines: [String]

  /// Titles and how much there is to do may change with the data: what is sent, locked and taken back may not. Compared
  /// is what the journal would hold: a statement's text may be put together from other pieces.
  init?(shown: [Operation], now: [Operation]) throws {
    let before = try Self.stored(shown).map(\.substance), after = try Self.stored(now).map(\.substance)
    guard before != after else { return nil }
    var lines: [String] = []
    for operation in before where !after.contains(where: { $0.id == operation.id }) {
      lines.append("- \(Self.title(operation.id, in: shown))")
    }
    for operation in after {
      guard let old = before.first(where: { $0.id == operation.id }) else {
        lines.append("+ \(Self.title(operation.id, in: now))")
        continue
      }
      if old != operation { lines += Self.changes(old, operation, Self.title(operation.id, in: now)) }
    }
    self.lines = lines.isEmpty ? ["~ in another order: " + now.map(\.title).joined(separator: ", ")] : lines
  }

  private static func stored(_ operations: [Operation]) throws -> [Operation] {
    try OperationText.operations(OperationText.json(operations))
  }

  private static func title(_ id: String, in operations: [Operation]) -> String {
    operations.first { $0.id == id }?.title ?? id
  }

  /// The first statement that differs, both ways.
  private static func changes(_ old: Operation, _ new: Operation, _ title: String) -> [String] {
    let before = old.everyLeaf.flatMap(\.statements), after = new.everyLeaf.flatMap(\.statements)
    let place = zip(before, after).enumerated().first { $1.0 != $1.1 }?.offset ?? min(before.count, after.count)
    let was = before.indices.contains(place) ? before[place] : nil
    let now = after.indices.contains(place) ? after[place] : nil
    guard was != nil || now != nil else { return ["~ \(title)"] }
    return ["~ \(title)"] + (was.map { ["  was \(short($0))"] } ?? []) + (now.map { ["  now \(short($0))"] } ?? [])
  }

  private static func short(_ sql: SQL) -> String {
    let text = sql.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return text.count <= 300 ? text : text.prefix(299) + "…"
  }

  func error(step: String) -> EngineError {
    EngineError(
      .drift,
      "step \(step) was not run: the database has changed since it was shown, and it would do something else now:\n"
        + lines.map { "  \($0)" }.joined(separator: "\n"),
      hint: "look at caisson plan; caisson resume --amend goes on with what it shows", step: step)
  }
}

extension Operation {
  /// Without what people read, and how much there is to do.
  fileprivate var substance: Operation {
    var operation = self
    operation.title = ""
    switch work {
    case .chunked(var work):
      (work.size, work.largestSize, work.total) = (0, 0, nil)
      operation.work = .chunked(work)
    case .parallel(var work):
      work.members = work.members.map(\.substance)
      operation.work = .parallel(work)
    case .bracket(var work):
      work.open = work.open.map(\.substance)
      work.body = work.body.map(\.substance)
      work.close = work.close.map(\.substance)
      operation.work = .bracket(work)
    default: break
    }
    if case .operations(let operations) = undo { operation.undo = .operations(operations.map(\.substance)) }
    return operation
  }
}
