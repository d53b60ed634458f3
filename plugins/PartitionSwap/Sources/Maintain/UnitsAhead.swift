import OnlineDDL
import PluginAPI

/// How many ranges begin after the one in use.
enum UnitsAhead {
  static func count(_ table: PartitionedTable, _ key: PartitionKey, _ facts: any Facts) async throws -> Int {
    try await facts.rows(query(table, key)).first?.int("units_left") ?? 0
  }

  /// One number; a query that can be asked at any time, since it reads the bounds from the catalog itself. Bounds of
  /// these types hold no quotes.
  static func query(_ table: PartitionedTable, _ key: PartitionKey) -> SQL {
    let type: String = key.kind.isNumber ? "numeric" : key.type
    let present: SQL =
      switch key.kind {
      case .timestamptz: "now()"
      case .date, .timestamp: "(now() AT TIME ZONE 'UTC')"
      default: "coalesce((SELECT max(\(sql: key.name)) FROM \(id: table.name)), 0)"
      }
    return """
      SELECT count(*) AS units_left FROM (
        SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM '^FOR VALUES FROM \\(''?([^'')]+)''?\\)') AS bound
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = \(table.facts.oid)::int8::oid AND NOT i.inhdetachpending) AS b
      WHERE CASE WHEN b.bound IS NULL OR b.bound = 'MINVALUE' THEN false ELSE b.bound::\(sql: type) > \(sql: present) END
      """
  }
}

/// Whether the server's lock table has room for queries that touch every partition.
enum LockCapacity {
  /// `further`: partitions that are to come.
  static func finding(
    for table: PartitionedTable, further: Int = 0, at mark: SourceRange, _ facts: any Facts
  ) async throws -> Finding? {
    let row = try await facts.rows(
      """
      SELECT current_setting('max_locks_per_transaction')::int AS per, current_setting('max_connections')::int
          + current_setting('max_prepared_transactions')::int AS sessions,
        (SELECT count(*) FROM pg_index WHERE indrelid = \(table.facts.oid)::int8::oid) AS indexes
      """).first
    guard let row else { return nil }
    return try finding(
      leaves: table.partitions.count + further, indexes: row.int("indexes"), per: row.int("per"),
      sessions: row.int("sessions"), table: table.name, at: mark)
  }

  /// A statement that is not pruned locks each partition and each of its indexes.
  static func finding(
    leaves: Int, indexes: Int, per: Int, sessions: Int, table: QualifiedName, at mark: SourceRange
  ) -> Finding? {
    let needed = leaves * (1 + indexes)
    guard needed * 2 > per * sessions else { return nil }
    let enough = (needed * 2 + sessions - 1) / max(1, sessions)
    return .warning(
      "partition.locks",
      "a statement over all of \(table) takes \(needed) locks (\(leaves) partitions with \(indexes)"
        + " indexes each), and the server has room for \(per * sessions) in all: two at once fail with 53200",
      choices: ["max_locks_per_transaction = \(max(enough, per + 1)) and a restart", "a wider `every`"], at: mark)
  }
}
