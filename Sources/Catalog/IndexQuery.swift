import SQLText

/// The one query for an index's facts; `filter` says which.
enum IndexQuery {
  static func facts(where filter: SQL) -> SQL {
    """
    SELECT i.indexrelid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind,
      t.oid::int8 AS table_oid, tn.nspname AS table_schema, t.relname AS table_name, am.amname AS method,
      pg_get_indexdef(i.indexrelid) AS definition, \(sql: body) AS body,
      i.indisexclusion, i.indisunique, i.indnullsnotdistinct, i.indisprimary,
      i.indisvalid, i.indisready, i.indisclustered, i.indisreplident,
      pg_get_expr(i.indpred, i.indrelid) AS predicate, con.conname AS constraint_name,
      obj_description(i.indexrelid, 'pg_class') AS comment, pg_get_userbyid(c.relowner) AS owner,
      ts.spcname AS tablespace, c.reloptions::text[] AS options, pg_relation_size(c.oid) AS bytes,
      pn.nspname AS parent_schema, pc.relname AS parent_name, \(sql: IndexSignature.columns) AS columns, \(sql: keys) AS keys,
      \(sql: IndexSignature.sql) AS signature
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_am am ON am.oid = c.relam
    LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
    LEFT JOIN pg_constraint con
      ON con.conindid = i.indexrelid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_inherits inh ON inh.inhrelid = i.indexrelid
    LEFT JOIN pg_class pc ON pc.oid = inh.inhparent
    LEFT JOIN pg_namespace pn ON pn.oid = pc.relnamespace
    WHERE \(sql: filter)
    ORDER BY n.nspname, c.relname
    """
  }

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
        'opclass_schema', ocn.nspname, 'opclass', oc.opcname, 'options', ia.attoptions,
        'collation_schema', cn.nspname, 'collation', cl.collname,
        'flags', CASE WHEN k <= i.indnkeyatts THEN i.indoption[k - 1] END,
        'statistics', coalesce(ia.attstattarget, -1)) ORDER BY k)
      FROM generate_series(1, i.indnatts) AS k
      JOIN pg_attribute ia ON ia.attrelid = i.indexrelid AND ia.attnum = k
      LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1] AND a.attnum <> 0
      LEFT JOIN pg_opclass oc ON k <= i.indnkeyatts AND oc.oid = i.indclass[k - 1]
      LEFT JOIN pg_namespace ocn ON ocn.oid = oc.opcnamespace
      LEFT JOIN pg_collation cl ON k <= i.indnkeyatts AND cl.oid = i.indcollation[k - 1]
      LEFT JOIN pg_namespace cn ON cn.oid = cl.collnamespace)
    """
}
