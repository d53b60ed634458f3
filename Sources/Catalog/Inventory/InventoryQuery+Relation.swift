import SQLText

extension InventoryQuery {
  static func relations(_ oids: [Int64]) -> SQL {
    """
    SELECT c.oid::int8 AS relation, json_build_object(
      'oid', c.oid::int8, 'name', \(sql: name("n.nspname", "c.relname")), 'kind', c.relkind,
      'owner', pg_get_userbyid(c.relowner), 'persistence', c.relpersistence, 'tablespace', ts.spcname,
      'accessMethod', am.amname,
      'options', ARRAY(SELECT o FROM (SELECT unnest(c.reloptions) UNION ALL SELECT 'toast.' || unnest(t.reloptions)) AS all_options(o)
        ORDER BY o COLLATE "C"),
      'replicaIdentity', c.relreplident,
      'replicaIdentityIndex', (SELECT ic.relname FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisreplident AND c.relreplident = 'i'),
      'hasRowSecurity', c.relrowsecurity, 'forcesRowSecurity', c.relforcerowsecurity,
      'comment', obj_description(c.oid, 'pg_class'),
      'grants', \(sql: grants("coalesce(c.relacl, acldefault('r', c.relowner))")),
      'securityLabels', \(sql: labels("pg_class", "c.oid")), 'isPopulated', c.relispopulated) AS value
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
    LEFT JOIN pg_am am ON am.oid = c.relam
    LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
    WHERE c.oid = \(sql: list(oids))
    """
  }

  static func columns(_ oids: [Int64]) -> SQL {
    """
    SELECT a.attrelid::int8 AS relation, json_build_object(
      'number', a.attnum, 'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'collation', CASE WHEN a.attcollation <> t.typcollation THEN \(sql: name("cn.nspname", "cl.collname")) END,
      'isNotNull', a.attnotnull,
      'defaultExpression', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
      'generationExpression', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
      'generated', nullif(a.attgenerated::text, ''), 'identity', nullif(a.attidentity::text, ''),
      'storage', CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END,
      'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
      'statisticsTarget', coalesce(a.attstattarget, -1), 'options', \(sql: columnOptions),
      'comment', col_description(a.attrelid, a.attnum), 'grants', \(sql: grants("a.attacl")),
      'securityLabels', \(sql: labels("pg_class", "a.attrelid", "a.attnum"))) AS value
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation cl ON cl.oid = a.attcollation
    LEFT JOIN pg_namespace cn ON cn.oid = cl.collnamespace
    WHERE a.attrelid = \(sql: list(oids)) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum
    """
  }

  /// Serial columns depend on theirs automatically, identity columns internally.
  static func sequences(_ oid: Int64) -> SQL {
    """
    SELECT d.refobjid::int8 AS relation, json_build_object(
      'oid', c.oid::int8, 'name', \(sql: name("n.nspname", "c.relname")), 'column', a.attname,
      'isIdentity', d.deptype = 'i', 'type', format_type(s.seqtypid, NULL), 'start', s.seqstart,
      'increment', s.seqincrement, 'minimum', s.seqmin, 'maximum', s.seqmax, 'cache', s.seqcache, 'cycles', s.seqcycle,
      'persistence', c.relpersistence, 'owner', pg_get_userbyid(c.relowner),
      'grants', \(sql: grants("coalesce(c.relacl, acldefault('s', c.relowner))")),
      'comment', obj_description(c.oid, 'pg_class'), 'securityLabels', \(sql: labels("pg_class", "c.oid"))) AS value
    FROM pg_depend d
    JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_sequence s ON s.seqrelid = c.oid
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = \(oid)::int8::oid
      AND d.deptype IN ('a', 'i')
    ORDER BY d.refobjsubid, c.oid
    """
  }

  static func defaultPrivileges(schemaOf oid: Int64) -> SQL {
    """
    WITH given(kind, grantee) AS (
      SELECT DISTINCT da.defaclobjtype, pg_get_userbyid(e.grantee)::text
      FROM pg_default_acl da CROSS JOIN LATERAL aclexplode(da.defaclacl) AS e
      WHERE e.grantee <> 0 AND da.defaclnamespace IN (0,
        (SELECT c.relnamespace FROM pg_class c WHERE c.oid = \(oid)::int8::oid)))
    SELECT \(oid)::int8 AS relation, json_build_object(
      'tables', ARRAY(SELECT g.grantee FROM given g WHERE g.kind = 'r' ORDER BY g.grantee COLLATE "C"),
      'sequences', ARRAY(SELECT g.grantee FROM given g WHERE g.kind = 'S' ORDER BY g.grantee COLLATE "C"),
      'functions', ARRAY(SELECT g.grantee FROM given g WHERE g.kind = 'f' ORDER BY g.grantee COLLATE "C")) AS value
    """
  }
}
