import PluginAPI

/// What the catalog is asked.
enum RetentionQuery {
  /// Foreign keys that point to the table. A lookup needs an index, btree or hash, that begins with the key's columns; it
  /// may leave out rows without a value, which refer to nothing, and the column that refers to the partition key: the
  /// others find the row.
  static func references(_ table: QualifiedName) -> SQL {
    """
    SELECT f.conname AS name, n.nspname AS schema, t.relname AS table_name, f.confdeltype AS on_delete,
      ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY AS c(n, o)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = c.n ORDER BY c.o) AS columns,
      ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY AS c(n, o)
        JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = c.n ORDER BY c.o) AS keys,
      EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
        WHERE i.indrelid = f.conrelid AND i.indisvalid AND m.amname IN ('btree', 'hash')
          AND (i.indpred IS NULL OR cardinality(s.columns) = 1 AND pg_get_expr(i.indpred, i.indrelid) =
            (SELECT format('(%I IS NOT NULL)', a.attname) FROM pg_attribute a
              WHERE a.attrelid = f.conrelid AND a.attnum = s.columns[1]))
          AND cardinality(s.columns) <= i.indnkeyatts
          AND (i.indkey::int2[])[0:cardinality(s.columns) - 1] @> s.columns) AS indexed
    FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(c.own ORDER BY c.own) FILTER (WHERE NOT EXISTS (SELECT FROM pg_partitioned_table p
          WHERE p.partrelid = f.confrelid AND c.their = ANY (p.partattrs::int2[]))), f.conkey) AS columns
      FROM unnest(f.conkey, f.confkey) AS c(own, their)) AS s
    WHERE f.contype = 'f' AND f.conparentid = 0 AND f.confrelid = \(literal: table.quoted)::regclass
    ORDER BY n.nspname, t.relname, f.conname
    """
  }

  /// Of the table and its partitions, a name once. Of what a function does only its text is known: a RAISE of the level
  /// that stops, and the name of a setting it asks for.
  static func triggers(_ table: QualifiedName) -> SQL {
    """
    WITH family AS (
      SELECT \(literal: table.quoted)::regclass::oid AS oid
      UNION SELECT t.relid FROM pg_partition_tree(\(literal: table.quoted)::regclass) t
    ), found AS (
      SELECT g.tgname AS name, g.tgtype::int8 AS events, g.tgenabled::text AS state, g.tgrelid, p.prosrc,
        ARRAY(SELECT a.attname::text FROM pg_attribute a
          WHERE a.attrelid = g.tgrelid AND a.attnum = ANY (g.tgattr::int2[]) ORDER BY 1) AS columns
      FROM pg_trigger g JOIN family f ON f.oid = g.tgrelid JOIN pg_proc p ON p.oid = g.tgfoid
      WHERE NOT g.tgisinternal
    )
    SELECT name, bit_or(events) AS events, (array_agg(columns::text ORDER BY cardinality(columns)))[1] AS columns,
      min(state) FILTER (WHERE state NOT IN ('D', 'R')) AS state,
      count(DISTINCT state) = 1 AS uniform,
      bool_or(prosrc ~* '\\mraise\\M(?!\\s+(notice|warning|info|log|debug)\\M)') AS refuses,
      min(substring(prosrc FROM 'current_setting\\(\\s*''([A-Za-z0-9_]+\\.[A-Za-z0-9_.]+)''')) AS setting
    FROM found GROUP BY name HAVING bool_or(state NOT IN ('D', 'R')) ORDER BY name
    """
  }
}
