import SQLText

extension InventoryQuery {
  static func triggers(_ oids: [Int64], ignoring prefix: String?) -> SQL {
    """
    SELECT t.tgrelid::int8 AS relation, json_build_object(
      'oid', t.oid::int8, 'name', t.tgname, 'definition', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled,
      'isConstraint', t.tgconstraint <> 0, 'comment', obj_description(t.oid, 'pg_trigger')) AS value
    FROM pg_trigger t
    WHERE t.tgrelid = \(sql: list(oids)) AND NOT t.tgisinternal AND t.tgparentid = 0
      AND NOT starts_with(t.tgname::text, \(prefix ?? Self.noPrefix))
    ORDER BY t.tgrelid, t.tgname COLLATE "C"
    """
  }

  /// Those of the relations and those named by their own oid.
  static func rules(of oids: [Int64], and own: [Int64]) -> SQL {
    """
    SELECT r.ev_class::int8 AS relation, json_build_object(
      'oid', r.oid::int8, 'name', r.rulename, 'table', \(sql: name("n.nspname", "c.relname")),
      'definition', regexp_replace(pg_get_ruledef(r.oid), ';$', ''), 'enabled', r.ev_enabled,
      'comment', obj_description(r.oid, 'pg_rewrite')) AS value
    FROM pg_rewrite r
    JOIN pg_class c ON c.oid = r.ev_class
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE (r.ev_class = \(sql: list(oids)) OR r.oid = \(sql: list(own))) AND r.rulename <> '_RETURN'
    ORDER BY r.ev_class, r.rulename COLLATE "C"
    """
  }

  static func policies(of oid: Int64, and own: [Int64]) -> SQL {
    """
    SELECT p.polrelid::int8 AS relation, json_build_object(
      'oid', p.oid::int8, 'name', p.polname, 'table', \(sql: name("n.nspname", "c.relname")),
      'isPermissive', p.polpermissive,
      'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
        WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
      'roles', ARRAY(SELECT CASE WHEN role <> 0 THEN pg_get_userbyid(role)::text END FROM unnest(p.polroles) AS role
        ORDER BY 1),
      'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid),
      'comment', obj_description(p.oid, 'pg_policy')) AS value
    FROM pg_policy p
    JOIN pg_class c ON c.oid = p.polrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE p.polrelid = \(oid)::int8::oid OR p.oid = \(sql: list(own))
    ORDER BY p.polrelid, p.polname COLLATE "C"
    """
  }

  /// What holds for the table at present: named in it itself wins over its schema, the schema over all tables.
  static func publications(_ oid: Int64) -> SQL {
    """
    SELECT c.oid::int8 AS relation, json_build_object(
      'name', p.pubname,
      'scope', CASE WHEN r.oid IS NOT NULL THEN 'table' WHEN s.oid IS NOT NULL THEN 'schema'
        WHEN p.puballtables THEN 'allTables' ELSE 'parent' END,
      'rowFilter', pg_get_expr(r.prqual, r.prrelid),
      'columns', CASE WHEN r.prattrs IS NOT NULL THEN \(sql: columnNames("r.prattrs::int2[]", of: "c.oid")) END,
      'publishesViaRoot', p.pubviaroot) AS value
    FROM pg_publication p
    JOIN pg_class c ON c.oid = \(oid)::int8::oid AND c.relpersistence = 'p'
    LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
    LEFT JOIN pg_publication_namespace s ON s.pnpubid = p.oid AND s.pnnspid = c.relnamespace
    WHERE r.oid IS NOT NULL OR s.oid IS NOT NULL OR p.puballtables OR EXISTS (
      SELECT FROM pg_publication_rel up WHERE up.prpubid = p.oid AND up.prrelid <> c.oid
        AND up.prrelid IN (SELECT a.relid FROM pg_partition_ancestors(c.oid) a))
    ORDER BY p.pubname COLLATE "C"
    """
  }

  /// The text has the object's name in front and the table's behind, both qualified here.
  static func statistics(_ oids: [Int64]) -> SQL {
    """
    SELECT x.stxrelid::int8 AS relation, json_build_object(
      'oid', x.oid::int8, 'name', \(sql: name("n.nspname", "x.stxname")),
      'body', (SELECT substr(d.text, d.before + 1, length(d.text) - d.before - d.after) FROM (
        SELECT pg_get_statisticsobjdef(x.oid) AS text,
          length('CREATE STATISTICS ' || \(sql: qualified("n.nspname", "x.stxname")) || ' ') AS before,
          length(' FROM ' || \(sql: qualified("tn.nspname", "t.relname"))) AS after) AS d),
      'target', coalesce(x.stxstattarget, -1), 'owner', pg_get_userbyid(x.stxowner),
      'comment', obj_description(x.oid, 'pg_statistic_ext')) AS value
    FROM pg_statistic_ext x
    JOIN pg_namespace n ON n.oid = x.stxnamespace
    JOIN pg_class t ON t.oid = x.stxrelid
    JOIN pg_namespace tn ON tn.oid = t.relnamespace
    WHERE x.stxrelid = \(sql: list(oids))
    ORDER BY x.stxrelid, n.nspname COLLATE "C", x.stxname COLLATE "C"
    """
  }

  static func functions(_ oids: [Int64]) -> SQL {
    """
    SELECT p.oid::int8 AS relation, json_build_object(
      'oid', p.oid::int8, 'signature', p.oid::regprocedure::text, 'name', \(sql: name("n.nspname", "p.proname")),
      'isProcedure', p.prokind = 'p', 'definition', pg_get_functiondef(p.oid),
      'owner', pg_get_userbyid(p.proowner),
      'grants', \(sql: grants("coalesce(p.proacl, acldefault('f', p.proowner))")),
      'comment', obj_description(p.oid, 'pg_proc'), 'securityLabels', \(sql: labels("pg_proc", "p.oid"))) AS value
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid = \(sql: list(oids)) AND p.prokind IN ('f', 'p', 'w')
    """
  }

  /// A view's column names may have been changed: they are given with the view, not taken from its query.
  static func views(_ oids: [Int64]) -> SQL {
    """
    SELECT c.oid::int8 AS relation, to_json(regexp_replace(pg_get_viewdef(c.oid), ';$', '')) AS value
    FROM pg_class c WHERE c.oid = \(sql: list(oids)) AND c.relkind IN ('v', 'm')
    """
  }
}
