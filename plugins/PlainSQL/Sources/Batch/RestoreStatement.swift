import OnlineDDL
import PlanSchema
import PluginAPI
import SQLText

/// The one statement of a chunk that takes a batch back.
struct RestoreStatement {
  let undo: QualifiedName
  let table: BatchTable
  let key: Keyset
  let kind: UndoTable.Kind
  let written: (String) -> String

  private let alias = "caisson_undo"
  private let chunk = KeyWindow.names.chunk
  private var target: String { Quoting.identifier(table.name.name) }
  private var window: KeyWindow { KeyWindow(source: undo.quoted, alias: alias, keyset: key) }

  private var inTarget: String { window.range(of: table.name.name) }

  /// `"caisson_undo"."id" = "t"."id" AND …`
  private var sameKey: String {
    key.names.map { "\"\(alias)\".\(Quoting.identifier($0)) = \(target).\(Quoting.identifier($0))" }
      .joined(separator: " AND ")
  }

  /// Restored rows leave the undo table; what is left at the end was changed since.
  private func forgetting(_ restored: String) -> String {
    """
    , "caisson_forgotten" AS (
      DELETE FROM \(undo.quoted) AS "\(alias)" USING "\(restored)" WHERE \(key.joined(alias, to: restored))
        AND \(window.range(of: alias))
    )
    """
  }

  var text: String {
    switch kind {
    case .updated(let set): updated(set)
    case .deleted: deleted
    case .inserted: inserted
    }
  }

  private func updated(_ set: [String]) -> String {
    let old = set.enumerated().map { "\"\(alias)\".\(Quoting.identifier($1)) AS \"caisson_o\($0 + 1)\"" }
    let assignments = set.enumerated().map { "\(Quoting.identifier($1)) = \"\(chunk)\".\"caisson_o\($0 + 1)\"" }
    let now = set.map { "\(target).\(Quoting.identifier($0))" }.joined(separator: ", ")
    let then = set.map { "\"\(alias)\".\(Quoting.identifier(written($0)))" }.joined(separator: ", ")
    return window.opening
      + window.chunk(
        columns: old, joining: " JOIN \(table.source) AS \(target) ON \(sameKey)\n    AND \(inTarget)",
        matching: "ROW(\(now))::record OPERATOR(pg_catalog.*=) ROW(\(then))::record",
        lock: "FOR NO KEY UPDATE OF \(target)")
        + """
        , "caisson_changed" AS (
          UPDATE \(table.source) AS \(target) SET \(assignments.joined(separator: ", "))
          FROM "\(chunk)" WHERE \(key.joined(table.name.name, to: chunk))
            AND \(inTarget)
          RETURNING 1
        )
        """ + forgetting(chunk) + window.closing(counting: "caisson_changed")
  }

  private var deleted: String {
    let columns = table.insertable.map(Quoting.identifier).joined(separator: ", ")
    let values = table.insertable.enumerated().map {
      "\"\(alias)\".\(Quoting.identifier($1)) AS \"caisson_v\($0 + 1)\""
    }
    let list = table.insertable.indices.map { "\"caisson_v\($0 + 1)\"" }.joined(separator: ", ")
    return window.opening + window.chunk(columns: values, matching: nil, lock: nil)
      + """
      , "caisson_changed" AS (
        INSERT INTO \(table.name.quoted) (\(columns)) OVERRIDING SYSTEM VALUE
        SELECT \(list) FROM "\(chunk)" ORDER BY \(key.aliasList)
        ON CONFLICT DO NOTHING
        RETURNING \(key.selected(from: table.name.name))
      )
      """ + forgetting("caisson_changed") + window.closing(counting: "caisson_changed")
  }

  private var inserted: String {
    window.opening + window.chunk(matching: nil, lock: nil)
      + """
      , "caisson_changed" AS (
        DELETE FROM \(table.source) AS \(target) USING "\(chunk)" WHERE \(key.joined(table.name.name, to: chunk))
          AND \(inTarget)
        RETURNING 1
      )
      """ + forgetting(chunk) + window.closing(counting: "caisson_changed")
  }
}
