import PlanSchema
import PluginAPI

/// Materialized views that have read what is changed: they go on showing it until they are refreshed.
struct MaterializedCopies {
  /// With the columns that are changed; `nil`: all of them.
  let changed: [(table: QualifiedName, columns: [String]?)]
  let range: SourceRange
  let facts: any Facts

  func findings() async throws -> [Finding] {
    guard !changed.isEmpty else { return [] }
    let names = try await facts.rows(query).map { QualifiedName(try $0.string("schema"), try $0.string("name")) }
    return names.map { name in
      .warning(
        "gdpr.materialized", "\(name) is a materialized view that has read what is changed, and keeps it until it is refreshed",
        choices: ["a step after: matview.refresh with names: [\(name)]"], at: range)
    }
  }

  private var columns: SQL {
    changed.map { table, columns in
      "(\(table.schema)::text, \(table.name)::text, \(columns ?? [])::text[], \(sql: columns == nil ? "true" : "false"))" as SQL
    }.joined(separator: ", ")
  }

  /// By column where a view reads the table itself, whatever it reads of another view.
  private var query: SQL {
    """
    WITH RECURSIVE reader AS (
      SELECT r.ev_class AS oid FROM (VALUES \(sql: columns)) AS w(schema, name, columns, is_whole)
      JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> c.oid
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
      WHERE w.is_whole OR a.attname::text = ANY (w.columns)
      UNION
      SELECT r.ev_class FROM reader v
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> v.oid
    )
    SELECT n.nspname AS schema, c.relname AS name FROM reader v JOIN pg_class c ON c.oid = v.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND c.relispopulated ORDER BY 1, 2
    """
  }
}
