import OnlineDDL
import PlanSchema
import PluginAPI
import SQLText

/// The one statement of a chunk.
struct ChunkStatement {
  let plan: BatchPlan
  /// Saves what rollback needs in the same statement.
  let keeping: Bool

  private var alias: String { plan.table.name.name }
  private var quotedAlias: String { Quoting.identifier(alias) }
  private let chunk = KeyWindow.names.chunk

  private var window: KeyWindow {
    KeyWindow(source: plan.table.source, alias: alias, keyset: plan.key, sliced: plan.wanted.workers > 1)
  }

  var text: String {
    if plan.wanted.delete { return delete }
    return plan.target.map(insert) ?? update
  }

  private var update: String {
    let set = plan.wanted.set ?? [:]
    let old = set.keys.enumerated().map { "\(quotedAlias).\(Quoting.identifier($1)) AS \"caisson_o\($0 + 1)\"" }
    let assignments = set.map { "\(Quoting.identifier($0.key)) = \(ChunkText.embedded($0.value.text))" }
    let new = set.keys.enumerated().map { "\(quotedAlias).\(Quoting.identifier($1)) AS \"caisson_n\($0 + 1)\"" }
    let returned = keeping ? ([plan.key.selected(from: alias)] + new).joined(separator: ", ") : "1"
    return window.opening
      + window.chunk(
        columns: keeping ? old : [], matching: plan.condition, lock: "FOR NO KEY UPDATE OF \(quotedAlias)")
        + """
        , "caisson_changed" AS (
          UPDATE \(plan.table.source) AS \(quotedAlias) SET \(assignments.joined(separator: ", "))
          FROM "\(chunk)" WHERE \(plan.key.joined(alias, to: chunk))
            AND \(window.range(of: alias))
          RETURNING \(returned)
        )
        """ + (keeping ? plan.undoTable.savingUpdates(count: set.count) : "")
      + window.closing(counting: "caisson_changed")
  }

  private var delete: String {
    let columns = plan.table.insertable.map { "\(quotedAlias).\(Quoting.identifier($0))" }.joined(separator: ", ")
    return window.opening
      + window.chunk(matching: plan.condition, lock: "FOR UPDATE OF \(quotedAlias)")
        + """
        , "caisson_changed" AS (
          DELETE FROM \(plan.table.source) AS \(quotedAlias) USING "\(chunk)"
          WHERE \(plan.key.joined(alias, to: chunk))
            AND \(window.range(of: alias))
          RETURNING \(keeping ? columns : "1")
        )
        """ + (keeping ? plan.undoTable.savingReturned : "") + window.closing(counting: "caisson_changed")
  }

  /// Each expression is cast to its column's type: a bare constant would otherwise reach it as text.
  private func insert(into target: BatchTable) -> String {
    let columns = plan.wanted.insertInto?.columns ?? [:]
    let values = columns.enumerated().map { place, entry in
      let value = ChunkText.embedded(entry.value.text), type = target[entry.key]?.type ?? "text"
      return "CAST(\(value) AS \(type)) AS \"caisson_v\(place + 1)\""
    }
    let key = (target.usableKeys.first?.columns ?? []).map(Quoting.identifier).joined(separator: ", ")
    let order = plan.key.aliasList
    let selected = (1...max(1, columns.count)).map { "\"caisson_v\($0)\"" }.joined(separator: ", ")
    return window.opening
      + window.chunk(columns: values, matching: plan.condition, lock: nil)
        + """
        , "caisson_changed" AS (
          INSERT INTO \(target.name.quoted) (\(columns.keys.map(Quoting.identifier).joined(separator: ", ")))
          SELECT \(selected) FROM "\(chunk)" ORDER BY \(order)\(conflict(target))
          RETURNING \(keeping ? key : "1")
        )
        """ + (keeping ? plan.undoTable.savingReturned : "") + window.closing(counting: "caisson_changed")
  }

  private func conflict(_ target: BatchTable) -> String {
    guard let insertion = plan.wanted.insertInto else { return "" }
    switch plan.wanted.conflict {
    case .fail: return ""
    case .nothing: return "\n  ON CONFLICT DO NOTHING"
    case .update:
      let key = BatchPlan.conflictKey(insertion, target)
      let list = key.map(Quoting.identifier).joined(separator: ", ")
      let others = insertion.columns.keys.filter { !key.contains($0) }.map(Quoting.identifier)
      guard !others.isEmpty else { return "\n  ON CONFLICT (\(list)) DO NOTHING" }
      return "\n  ON CONFLICT (\(list)) DO UPDATE SET "
        + others.map { "\($0) = EXCLUDED.\($0)" }.joined(separator: ", ")
    }
  }
}
