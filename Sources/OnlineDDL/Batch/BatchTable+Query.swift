package import PluginAPI

extension BatchTable {
  /// One row, so that a table costs one round trip.
  package static func query(_ name: QualifiedName) -> SQL {
    """
    SELECT jsonb_build_object(
      'kind', c.relkind, 'rows', c.reltuples::bigint, 'children', c.relhassubclass,
      'hides', c.relrowsecurity AND NOT (SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles r
          WHERE r.rolname = current_user)
        AND (c.relforcerowsecurity OR NOT pg_has_role(current_user, c.relowner, 'USAGE')),
      'columns', (\(sql: columnsQuery)),
      'keys', (\(sql: keysQuery)),
      'triggers', (\(sql: triggersQuery)),
      'partition_key', (SELECT jsonb_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_partitioned_table p
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (p.partattrs::int2[])
        WHERE p.partrelid = c.oid),
      'referenced_by', (\(sql: referencesQuery)))::text AS facts
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = \(name.schema) AND c.relname = \(name.name)
    """
  }

  private static let columnsQuery = """
    SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'not_null', a.attnotnull, 'generated', a.attgenerated <> '',
        'identity', a.attidentity, 'type', CASE tn.nspname WHEN 'pg_catalog' THEN format_type(a.atttypid, -1)
          ELSE quote_ident(tn.nspname) || '.' || quote_ident(t.typname) END) ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    """

  private static let keysQuery = """
    SELECT jsonb_agg(jsonb_build_object('name', i.indexrelid::regclass::text, 'columns',
          (SELECT jsonb_agg(a.attname ORDER BY k.place)
            FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
            WHERE k.place <= i.indnkeyatts)) ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid)
      FROM pg_catalog.pg_index i
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
        AND i.indexprs IS NULL
    """

  /// Those of replicas do not fire here, the disabled ones nowhere.
  private static let triggersQuery = """
    SELECT jsonb_agg(jsonb_build_object('name', tg.tgname, 'type', tg.tgtype, 'columns',
          (SELECT jsonb_agg(a.attname) FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum = ANY (tg.tgattr::int2[]))) ORDER BY tg.tgname)
      FROM pg_catalog.pg_trigger tg WHERE tg.tgrelid = c.oid AND NOT tg.tgisinternal AND tg.tgenabled NOT IN ('D', 'R')
    """

  private static let referencesQuery = """
    SELECT jsonb_agg(jsonb_build_object('name', f.conname, 'table', f.conrelid::regclass::text,
          'on_delete', f.confdeltype, 'indexed', EXISTS (SELECT FROM pg_catalog.pg_index i
            WHERE i.indrelid = f.conrelid AND i.indisvalid AND i.indpred IS NULL
              AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)) ORDER BY f.conname)
      FROM pg_catalog.pg_constraint f WHERE f.confrelid = c.oid AND f.contype = 'f' AND f.conparentid = 0
    """

  /// Names of the schema's tables, for "did you mean".
  package static func namesakes(of name: QualifiedName, _ facts: any Facts) async throws -> [String] {
    try await facts.rows(
      """
      SELECT c.relname::text AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = \(name.schema) AND c.relkind IN ('r', 'p') ORDER BY 1 LIMIT 2000
      """
    ).map { try $0.string("name") }
  }
}
