import OnlineDDL
import PluginAPI

/// The statements of one batch.
struct RetentionChunk {
  let rule: RetentionRule
  let keyset: Keyset
  /// The keys come in the order of time: then only those before the cutoff are walked.
  let isOrdered: Bool
  let action: Action
  let disabled: [FiringTrigger]

  enum Action {
    case delete
    case update(AnonymizedColumns)
    case move(to: ArchiveTable)
  }

  private var table: BatchTable { rule.table }
  private let chunk = KeyWindow.names.chunk
  private static let setting = "caisson.retention_batch"

  private var window: KeyWindow {
    KeyWindow(
      source: table.source, alias: table.name.name, keyset: keyset, limit: isOrdered ? rule.cutoff : nil)
  }

  /// Triggers go off and on again in the transaction itself, under a lock that keeps other writers out: nobody else ever
  /// writes without them.
  var statements: [SQL] {
    let change = window.opening + rows + changed
    guard !disabled.isEmpty else {
      return [SQL(verbatim: change + window.closing(counting: "caisson_changed"))]
    }
    return disabled.map { "ALTER TABLE \(id: table.name) DISABLE TRIGGER \(id: $0.name)" }
      + [SQL(verbatim: change + window.closing(counting: "caisson_changed", into: RetentionChunk.setting)),
         "SET CONSTRAINTS ALL IMMEDIATE"]
      + disabled.map {
        "ALTER TABLE \(id: table.name) ENABLE \(sql: $0.state == "A" ? "ALWAYS " : "")TRIGGER \(id: $0.name)"
      }
      + [SQL(verbatim: KeyWindow.kept(in: RetentionChunk.setting))]
  }

  private var rows: String {
    let lock = if case .update = action { "FOR NO KEY UPDATE" } else { "FOR UPDATE" }
    return window.chunk(
      matching: isOrdered ? rule.isDue : rule.condition, lock: "\(lock) OF \(rule.alias)")
  }

  private var found: String {
    "\(keyset.joined(table.name.name, to: chunk))\n    AND \(window.range(of: table.name.name))"
  }

  private var changed: String {
    switch action {
    case .delete: removed("1")
    case .update(let columns):
      """
      , "caisson_changed" AS (
        UPDATE \(table.source) AS \(rule.alias) SET \(columns.assignments)
        FROM "\(chunk)" WHERE \(found)
        RETURNING 1
      )
      """
    case .move(let archive):
      removed(table.columns.map { "\(rule.alias).\(Quoting.identifier($0.name))" }.joined(separator: ", "))
        + archive.taking("caisson_changed")
    }
  }

  private func removed(_ returned: String) -> String {
    """
    , "caisson_changed" AS (
      DELETE FROM \(table.source) AS \(rule.alias) USING "\(chunk)"
      WHERE \(found)
      RETURNING \(returned)
    )
    """
  }
}
