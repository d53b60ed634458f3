import SQLText

/// The one query for an index's facts; `filter` says which. What filters do not name is looked up row by row: as outer
/// joins it costs more to plan than to read.
enum IndexQuery {
  static func facts(where filter: SQL) -> SQL {
    """
    SELECT i.indexrelid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind,
      t.oid::int8 AS table_oid, tn.nspname AS table_schema, t.relname AS table_name, am.amname AS method,
      pg_get_indexdef(i.indexrelid) AS definition, \(sql: body) AS body,
      i.indisexclusion, i.indisunique, i.indnullsnotdistinct, i.indisprimary,
      i.indisvalid, i.indisready, i.indisclustered, i.indisreplident,
      pg_get_expr(i.indpred, i.indrelid) AS predicate, \(sql: constraint) AS constraint_name,
      obj_description(i.indexrelid, 'pg_class') AS comment, pg_get_userbyid(c.relowner) AS owner,
      (SELECT ts.spcname FROM pg_tablespace ts WHERE ts.oid = c.reltablespace) AS tablespace,
      c.reloptions::text[] AS options, pg_relation_size(c.oid) AS bytes,
      (SELECT pn.nspname FROM pg_class pc JOIN pg_namespace pn ON pn.oid = pc.relnamespace WHERE pc.oid = inh.inhparent)
        AS parent_schema,
      (SELECT pc.relname FROM pg_class pc WHERE pc.oid = inh.inhparent) AS parent_name,
      \(sql: IndexSignature.columns) AS columns, \(sql: keys) AS keys,
      \(sql: IndexSignature.sql) AS signature
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_am am ON am.oid = c.relam
    LEFT JOIN pg_inherits inh ON inh.inhrelid = i.indexrelid
    WHERE \(sql: filter)
    ORDER BY n.nspname, c.relname
    """
  }

  private static let constraint: SQL = """
    (SELECT con.conname FROM pg_constraint con
      WHERE con.conindid = i.indexrelid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u', 'x') LIMIT 1)
    """

  /// What is behind `CREATE INDEX name ON table USING`, cut off by length: a name may hold any text. The table is
  /// qualified where the search_path does not reach it.
  private static let body: SQL = """
    (SELECT substr(h.rest, 1 + length(' USING ' || CASE WHEN starts_with(h.rest, h.table_name || ' USING ')
        THEN h.table_name ELSE quote_ident(tn.nspname) || '.' || h.table_name END))
      FROM (SELECT quote_ident(t.relname) AS table_name, substr(pg_get_indexdef(i.indexrelid), 1 + length(
        CASE WHEN i.indisunique THEN 'CREATE UNIQUE INDEX ' ELSE 'CREATE INDEX ' END || quote_ident(c.relname)
          || CASE WHEN c.relkind = 'I' THEN ' ON ONLY ' ELSE ' ON ' END)) AS rest) AS h)
    """

  private static let keys: SQL = """
    (SELECT json_agg(json_build_object(
        'column', a.attname, 'text', pg_get_indexdef(i.indexrelid, k, false), 'key', k <= i.indnkeyatts,
        'opclass_schema', (SELECT ocn.nspname FROM pg_namespace ocn WHERE ocn.oid = oc.opcnamespace),
        'opclass', oc.opcname, 'options', ia.attoptions,
        'collation_schema', (SELECT cn.nspname FROM pg_namespace cn WHERE cn.oid = cl.collnamespace),
        'collation', cl.collname,
        'flags', CASE WHEN k <= i.indnkeyatts THEN i.indoption[k - 1] END,
        'statistics', coalesce(ia.attstattarget, -1)) ORDER BY k)
      FROM generate_series(1, i.indnatts) AS k
      JOIN pg_attribute ia ON ia.attrelid = i.indexrelid AND ia.attnum = k
      LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1] AND a.attnum <> 0
      LEFT JOIN pg_opclass oc ON k <= i.indnkeyatts AND oc.oid = i.indclass[k - 1]
      LEFT JOIN pg_collation cl ON k <= i.indnkeyatts AND cl.oid = i.indcollation[k - 1])
    """
}
