import PostgresClient
import SQLText

/// Everything the catalog says about the user's objects, a line each, so that two moments can be compared. Names in
/// schema caisson, and those with a run's tag of step `s` in them, differ from run to run.
package enum CatalogText {
  package static func read(_ database: TestDatabase = .current) async throws -> String {
    try await database.sql(query).value ?? ""
  }

  /// Lines that only one of them has.
  package static func difference(_ before: String, _ after: String) -> [String] {
    let old = before.split(separator: "\n"), new = after.split(separator: "\n")
    return Set(old).subtracting(new).sorted().map { "- \($0)" } + Set(new).subtracting(old).sorted().map { "+ \($0)" }
  }

  private static let query: SQL = """
    WITH mine AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'caisson'))
    SELECT string_agg(line, E'\\n' ORDER BY line)
    FROM (SELECT regexp_replace(regexp_replace(line, 'caisson\\.[^(]+', 'caisson.', 'g'), '[0-9a-f]{8}_s', 'tag_s', 'g') AS line FROM (
      SELECT format('%s %s %s %s %s %s %s %s %s %s', c.relkind, c.oid::regclass, pg_get_expr(c.relpartbound, c.oid),
        coalesce(c.relacl, acldefault('r', c.relowner)), pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relreplident,
        obj_description(c.oid, 'pg_class')) AS line FROM mine c
      UNION ALL SELECT format('column %s %s %s %s %s %s %s %s %s', c.oid::regclass, a.attname,
          format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attacl,
          pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
        FROM mine c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'v', 'm')
      UNION ALL SELECT format('view %s %s', c.oid::regclass, pg_get_viewdef(c.oid)) FROM mine c WHERE c.relkind IN ('v', 'm')
      UNION ALL SELECT format('constraint %s %s %s %s', k.conname, c.oid::regclass, pg_get_constraintdef(k.oid),
          k.convalidated)
        FROM pg_constraint k JOIN mine c ON c.oid = k.conrelid
      UNION ALL SELECT format('index %s %s', pg_get_indexdef(i.indexrelid), i.indisvalid)
        FROM pg_index i JOIN mine c ON c.oid = i.indrelid
      UNION ALL SELECT format('trigger %s %s', pg_get_triggerdef(t.oid), t.tgenabled)
        FROM pg_trigger t JOIN mine c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
      UNION ALL SELECT format('inherits %s %s', inhrelid::regclass, inhparent::regclass) FROM pg_inherits
      UNION ALL SELECT format('policy %s %s %s', p.polname, p.polrelid::regclass, pg_get_expr(p.polqual, p.polrelid))
        FROM pg_policy p
      UNION ALL SELECT format('publication %s %s', p.pubname, r.prrelid::regclass)
        FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
      UNION ALL SELECT format('function %s', pg_get_functiondef(p.oid))
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prokind = 'f' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'caisson')
    ) AS lines) AS plain
    """
}
