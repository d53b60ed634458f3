public import PluginAPI

/// Queries that decide from the catalog what became of a concurrent statement: one row `(state, detail)`.
public enum IndexProbe {
  /// After CREATE INDEX CONCURRENTLY. Another shape, table or kind under the name is a conflict, an invalid index of
  /// this shape that nobody builds is debris.
  public static func creation(of index: IndexDefinition) -> SQL {
    """
    \(sql: found(index, head: index.head))
    SELECT CASE
        WHEN builder IS NOT NULL THEN 'running'
        WHEN relkind IS NULL THEN 'absent'
        WHEN NOT is_same THEN 'conflict'
        WHEN indisvalid THEN 'complete'
        ELSE 'partial' END AS state,
      CASE
        WHEN builder IS NOT NULL THEN format('backend %s is building it', builder)
        WHEN relkind IS NULL THEN 'there is no such index'
        WHEN NOT is_same THEN format('the name %s belongs to something else: %s', \(index.name.description)::text, what)
        WHEN indisvalid THEN what
        ELSE format('invalid, %s: %s', CASE WHEN indisready THEN 'ready' ELSE 'not ready' END, what) END AS detail
    FROM found
    """
  }

  /// After DROP INDEX CONCURRENTLY. An interrupted drop leaves the index invalid; the statement simply runs again.
  public static func removal(of index: IndexDefinition) -> SQL {
    """
    \(sql: found(index, head: "DROP INDEX CONCURRENTLY " + index.name.quoted))
    SELECT CASE
        WHEN builder IS NOT NULL THEN 'running'
        WHEN relkind IS NULL THEN 'complete'
        WHEN NOT is_same THEN 'conflict'
        ELSE 'absent' END AS state,
      CASE
        WHEN builder IS NOT NULL THEN format('backend %s is at work on it', builder)
        WHEN relkind IS NULL THEN 'it is gone'
        WHEN NOT is_same THEN format('the name %s belongs to something else: %s', \(index.name.description)::text, what)
        WHEN indisvalid THEN 'it is still there'
        ELSE 'it is still there, invalid' END AS detail
    FROM found
    """
  }

  /// After REINDEX INDEX CONCURRENTLY, which leaves a second, invalid index when it fails.
  public static func rebuilding(of index: IndexDefinition) -> SQL {
    let leftovers = ReindexLeftovers(index.name)
    return """
      \(sql: found(index, head: "REINDEX INDEX CONCURRENTLY " + index.name.quoted)), debris AS (
        SELECT string_agg(c.relname, ', ' ORDER BY c.relname) AS names
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = \(index.name.schema) AND c.relname::text = ANY (\(leftovers.names)::text[]))
      SELECT CASE
          WHEN builder IS NOT NULL THEN 'running'
          WHEN relkind IS NULL OR NOT is_same THEN 'conflict'
          WHEN debris.names IS NOT NULL THEN 'partial'
          WHEN indisvalid THEN 'complete'
          ELSE 'absent' END AS state,
        CASE
          WHEN builder IS NOT NULL THEN format('backend %s is rebuilding it', builder)
          WHEN relkind IS NULL THEN 'the index is gone'
          WHEN NOT is_same THEN format('the name %s belongs to something else: %s', \(index.name.description)::text, what)
          WHEN debris.names IS NOT NULL THEN 'left behind: ' || debris.names
          WHEN indisvalid THEN what
          ELSE 'still invalid' END AS detail
      FROM found, debris
      """
  }

  /// `found`: one row about whatever has the name, and about a session that works on it.
  private static func found(_ index: IndexDefinition, head: String) -> SQL {
    let columns = index.columns ?? []
    return """
    WITH found AS (
      SELECT it.*, work.builder
      FROM (VALUES (true)) AS one
      LEFT JOIN LATERAL (
        SELECT c.oid, c.relkind, i.indisvalid, i.indisready,
          coalesce(tn.nspname = \(index.table.schema) AND t.relname = \(index.table.name)
            AND \(sql: IndexSignature.sql) = \(index.signature)
            AND (cardinality(\(columns)::text[]) = 0 OR \(sql: IndexSignature.columns) = \(columns)::text[]), false) AS is_same,
          CASE WHEN i.indexrelid IS NOT NULL THEN pg_get_indexdef(i.indexrelid) ELSE 'not an index' END AS what
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_index i ON i.indexrelid = c.oid
        LEFT JOIN pg_am am ON am.oid = c.relam
        LEFT JOIN pg_class t ON t.oid = i.indrelid
        LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
        WHERE n.nspname = \(index.name.schema) AND c.relname = \(index.name.name)) AS it ON true
      LEFT JOIN LATERAL (
        SELECT min(s.pid) AS builder FROM (
          SELECT p.pid FROM pg_stat_progress_create_index p
          WHERE p.datname = current_database() AND p.index_relid = it.oid
          UNION ALL
          SELECT a.pid FROM pg_stat_activity a
          WHERE a.datname = current_database() AND a.state = 'active' AND strpos(a.query, \(head)) > 0) AS s
        WHERE s.pid <> pg_backend_pid()) AS work ON true)
    """
  }
}

/// Names REINDEX CONCURRENTLY gives the index it builds and the one it replaces (`makeObjectName`).
struct ReindexLeftovers {
  let index: QualifiedName

  init(_ index: QualifiedName) { self.index = index }

  var names: [String] { [name("_ccnew"), name("_ccold")] }

  /// Safe one after the other: what is not there is skipped.
  var cleanup: [SQL] {
    names.map { "DROP INDEX CONCURRENTLY IF EXISTS \(id: QualifiedName(index.schema, $0))" }
  }

  private func name(_ label: String) -> String {
    var kept = ""
    for character in index.name
    where kept.utf8.count + character.utf8.count + label.utf8.count <= Quoting.longestIdentifier {
      kept.append(character)
    }
    return kept + label
  }
}
