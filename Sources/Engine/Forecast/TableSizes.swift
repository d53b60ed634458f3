import PluginAPI
import RunModel
import SQLText

/// How large tables are here, each with its partitions, in one query.
enum TableSizes {
  /// Names come from evidence, which may name anything.
  private static let most = 5_000

  static func read(_ names: Set<String>, from source: FactsTransaction) async throws -> Extents {
    if names.isEmpty { return [:] }
    let rows = try await source.rows(
      """
      WITH RECURSIVE root AS (
        SELECT c.oid, n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname || '.' || c.relname = ANY (\(Array(names.sorted().prefix(most)))::text[])),
      tree AS (
        SELECT name, oid FROM root
        UNION ALL SELECT t.name, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid),
      leaf AS (
        SELECT t.name, c.reltuples, c.relpages, pg_relation_size(c.oid) AS main, pg_table_size(c.oid) AS own
        FROM tree t JOIN pg_class c ON c.oid = t.oid AND c.relkind IN ('r', 'm'))
      SELECT name, coalesce(sum(own), 0)::bigint AS bytes, CASE WHEN bool_and(main = 0 OR reltuples > 0) THEN
          sum(CASE WHEN relpages > 0 THEN reltuples::numeric * main / (relpages * current_setting('block_size')::numeric) ELSE 0 END)::bigint END AS rows
      FROM leaf GROUP BY name
      """)
    return try rows.reduce(into: [:]) { sizes, row in
      let known = row["rows"] == nil ? nil : try row.double("rows")
      sizes[try row.string("name")] = Extent(bytes: try row.double("bytes"), rows: known)
    }
  }
}
