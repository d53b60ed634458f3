import Catalog
import PluginAPI

/// A relation whose changes change a view.
struct ReadTable: Sendable, Hashable {
  var oid: Int64
  var name: QualifiedName
  var kind: RelationKind
  /// Replication brings changes of it, which no statement trigger sees.
  var isSubscribed = false
}

/// What a materialized view reads: tables, and other materialized views, through any number of plain views.
enum ViewReads {
  static func all(of view: Int64, _ facts: any Facts) async throws -> [ReadTable] {
    try await list(
      """
      WITH RECURSIVE reads(oid) AS (
        SELECT \(view)::int8::oid
        UNION
        SELECT d.refobjid FROM reads r
        JOIN pg_class v ON v.oid = r.oid AND (v.relkind = 'v' OR v.oid = \(view)::int8::oid)
        JOIN pg_rewrite w ON w.ev_class = v.oid
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
          AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid)
      SELECT r.oid FROM reads r WHERE r.oid <> \(view)::int8::oid
      """, facts)
  }

  /// What inherits from them, partitions of all levels first of all.
  static func heirs(of tables: [ReadTable], _ facts: any Facts) async throws -> [ReadTable] {
    let oids = "{" + tables.map { String($0.oid) }.joined(separator: ",") + "}"
    return try await list("SELECT t.oid FROM (\(sql: WatchedTables.tree("\(literal: oids)::oid[]"))) t", facts)
  }

  /// User functions in the query: what they read is nobody's knowledge.
  static func functions(of view: Int64, _ facts: any Facts) async throws -> [String] {
    try await facts.rows(
      """
      SELECT DISTINCT p.oid::regprocedure::text AS name FROM pg_rewrite w
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_proc'::regclass
      JOIN pg_proc p ON p.oid = d.refobjid
      WHERE w.ev_class = \(view)::int8::oid AND p.provolatile <> 'i' AND p.pronamespace <> 'pg_catalog'::regnamespace
      ORDER BY 1
      """
    ).map { try $0.string("name") }
  }

  private static func list(_ oids: SQL, _ facts: any Facts) async throws -> [ReadTable] {
    try await facts.rows(
      """
      SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind,
        EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid) AS subscribed
      FROM (\(sql: oids)) o JOIN pg_class c ON c.oid = o.oid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'm', 'f') ORDER BY n.nspname, c.relname
      """
    ).map { row in
      ReadTable(
        oid: try row.int64("oid"), name: QualifiedName(try row.string("schema"), try row.string("name")),
        kind: RelationKind(rawValue: try row.string("relkind")) ?? .table, isSubscribed: try row.bool("subscribed"))
    }
  }
}
