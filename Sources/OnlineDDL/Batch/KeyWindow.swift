import PluginAPI

/// The next `$size` keys of a relation after the cursor, as the opening of a chunk's statement.
///
/// The window counts keys, not rows that match: its cost is bounded however rare they are, and a row whose change makes
/// it stop matching moves nothing. Matching rows are then locked in key order.
package struct KeyWindow: Sendable {
  private let source: String
  private let alias: String
  private let keyset: Keyset
  private let sliced: Bool
  private let limit: String?

  /// `source`: FROM item, quoted. `sliced`: ranges run side by side, each with its own cursor. `limit`: an expression
  /// that the first column of the key stays below.
  package init(source: String, alias: String, keyset: Keyset, sliced: Bool = false, limit: String? = nil) {
    self.source = source
    self.alias = alias
    self.keyset = keyset
    self.sliced = sliced
    self.limit = limit
  }

  package static let names = (window: "caisson_window", edge: "caisson_edge", chunk: "caisson_chunk")

  private var after: String {
    sliced ? "COALESCE($cursor::jsonb, NULLIF($slice::jsonb->'after', 'null'::jsonb))" : "$cursor::jsonb"
  }

  private func bounds(of alias: String) -> String {
    let key = "(\(keyset.list(of: alias)))"
    var text = "(\(after) IS NULL OR \(key) > (\(keyset.read("(\(after))"))))"
    if sliced {
      let upto = "NULLIF($slice::jsonb->'upto', 'null'::jsonb)"
      text += "\n    AND (\(upto) IS NULL OR \(key) <= (\(keyset.read("(\(upto))"))))"
    }
    return text + limited(alias)
  }

  /// Both said of the first column alone as well: partitions are left out by it, which a comparison of rows cannot do.
  private func limited(_ alias: String) -> String {
    guard let limit, let first = keyset.names.first, let type = keyset.columns.first?.type else { return "" }
    let column = Quoting.identifier(alias) + "." + Quoting.identifier(first)
    return "\n    AND \(column) < \(limit)"
      + "\n    AND \(column) >= COALESCE(((\(after))->>0)::\(type), '-infinity')"
  }

  /// Where the window's rows are in a relation with the same key. Said of every relation that is joined to a chunk:
  /// without it, and without statistics, the planner may read the whole of it for each (measured on 18).
  package func range(of alias: String) -> String {
    """
    \(bounds(of: alias))
        AND (\(keyset.list(of: alias))) <= (SELECT \(keyset.aliasList) FROM "\(KeyWindow.names.edge)")
    """
  }

  private var order: String { keyset.list(of: alias) }

  /// `WITH` and its first members: the window and its last key.
  package var opening: String {
    let last = keyset.aliases.map { Quoting.identifier($0) + " DESC" }.joined(separator: ", ")
    return """
      WITH "\(KeyWindow.names.window)" AS MATERIALIZED (
        SELECT \(keyset.selected(from: alias)) FROM \(source) AS \(Quoting.identifier(alias))
        WHERE \(bounds(of: alias))
        ORDER BY \(order) LIMIT $size::bigint
      ), "\(KeyWindow.names.edge)" AS MATERIALIZED (
        SELECT * FROM "\(KeyWindow.names.window)" ORDER BY \(last) LIMIT 1
      )
      """
  }

  /// The member that reads the window's rows. `LIMIT` drops nothing: it tells the planner how few they are.
  package func chunk(columns: [String] = [], joining join: String = "", matching condition: String?, lock: String?) -> String {
    let selected = ([keyset.selected(from: alias)] + columns).joined(separator: ", ")
    let match = condition.map { "\n    AND \($0)" } ?? ""
    return """
      , "\(KeyWindow.names.chunk)" AS MATERIALIZED (
        SELECT \(selected) FROM \(source) AS \(Quoting.identifier(alias))\(join)
        WHERE \(range(of: alias))\(match)
        ORDER BY \(order) LIMIT $size::bigint\(lock.map { " " + $0 } ?? "")
      )
      """
  }

  /// The row a chunk returns: the last key, or NULL when the window was not full, and how many rows `counted` has.
  package func closing(counting counted: String) -> String { "\n" + ending(counting: counted) }

  /// The same kept for a later statement of the chunk, where something has to be done before it ends.
  package func closing(counting counted: String, into setting: String) -> String {
    let end = Quoting.identifier("caisson_end")
    return """
      , \(end) AS (
        \(ending(counting: counted))
      )
      SELECT pg_catalog.set_config(\(Quoting.literal(setting)),
        jsonb_build_object('cursor', \(end)."cursor", 'rows', \(end)."rows")::text, true) FROM \(end)
      """
  }

  /// What such a chunk ends with.
  package static func kept(in setting: String) -> String {
    let value = "pg_catalog.current_setting(\(Quoting.literal(setting)))::jsonb"
    return "SELECT NULLIF(\(value)->'cursor', 'null'::jsonb) AS \"cursor\", (\(value)->>'rows')::bigint AS \"rows\""
  }

  private func ending(counting counted: String) -> String {
    """
    SELECT CASE WHEN (SELECT count(*) FROM "\(KeyWindow.names.window)") = $size::bigint
        THEN (SELECT \(keyset.cursor) FROM "\(KeyWindow.names.edge)") END AS "cursor",
      (SELECT count(*) FROM "\(counted)") AS "rows"
    """
  }
}
