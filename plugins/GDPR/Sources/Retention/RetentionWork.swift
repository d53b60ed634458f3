import OnlineDDL
import PluginAPI

/// The operations for rows that go one by one.
struct RetentionWork {
  let wanted: GDPRRetention.Parameters
  let rule: RetentionRule
  let keyset: Keyset
  let isOrdered: Bool
  let action: RetentionChunk.Action
  let inspection: RetentionFindings
  let maxStall: TimeSpan

  private var table: BatchTable { rule.table }

  var operations: [Operation] { [batches, verification] }

  var privileges: [Privilege] {
    var list = [Privilege(.table(table.name, right: wanted.mode.removes ? "DELETE" : "UPDATE"))]
    if !inspection.disabled.isEmpty { list.append(Privilege(.owner(table.name))) }
    if case .move(let archive) = action { list.append(Privilege(.create(schema: archive.name.schema))) }
    return list
  }

  private var batches: Operation {
    let statements = RetentionChunk(
      rule: rule, keyset: keyset, isOrdered: isOrdered, action: action, disabled: inspection.disabled
    ).statements
    let work = ChunkedWork(
      statements, total: KeySample(table: table, key: keyset).total(rule.condition), size: min(wanted.batch, 500),
      largestSize: wanted.batch, target: target, settings: ChunkText.settings + inspection.settings)
    return .chunked(
      id: "batch", title: title, work, locks: statements.flatMap { ChunkText.locks(of: $0.text) }, undo: undo)
  }

  /// With its triggers off a table is closed to other writers for the length of a batch: less than they may wait.
  private var target: TimeSpan {
    inspection.disabled.isEmpty ? wanted.chunk : min(wanted.chunk, .milliseconds(max(1, maxStall.milliseconds / 4)))
  }

  private var title: String {
    switch action {
    case .delete: "delete rows of \(table.name) that are older than \(wanted.keep)"
    case .update: "anonymise rows of \(table.name) that are older than \(wanted.keep)"
    case .move(let archive): "move rows of \(table.name) that are older than \(wanted.keep) to \(archive.name)"
    }
  }

  private var undo: Undo {
    switch action {
    case .delete: return .irreversible(reason: "rows of \(table.name) whose time is over are gone")
    case .update: return .irreversible(reason: "what rows of \(table.name) said is gone")
    case .move(let archive):
      guard archive.isReversible else {
        return .irreversible(
          reason: "\(archive.name) does not say which run brought a row (archived_at, archived_by and the key of the table)")
      }
      return .operations([
        archive.restoration(chunk: wanted.chunk, batch: wanted.batch, settings: inspection.settings)
      ])
    }
  }

  private var verification: Operation {
    let message =
      "rows of \(table.name) are still to go: they came while the step ran, or something puts them back; run it again"
    return .observe(
      id: "verify", title: "verify that no row of \(table.name) is left that should be gone",
      ObserveWork([
        .init("before", SQL(verbatim: "SELECT \(rule.cutoff)")),
        .init(
          "none_left",
          SQL(verbatim: "SELECT NOT EXISTS (SELECT FROM \(table.source) AS \(rule.alias) WHERE \(rule.condition))"),
          expect: .isTrue, message: message),
      ]))
  }
}
