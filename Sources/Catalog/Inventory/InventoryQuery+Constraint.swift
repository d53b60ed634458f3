import SQLText

extension InventoryQuery {
  /// NOT VALID stands at the end of the text and is a column of its own.
  private static func constraint(_ capabilities: Capabilities) -> SQL {
    """
    json_build_object(
      'oid', k.oid::int8, 'name', k.conname, 'kind', k.contype,
      'definition', CASE WHEN k.convalidated THEN pg_get_constraintdef(k.oid)
        ELSE regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '') END,
      'columns', \(sql: columnNames("k.conkey", of: "k.conrelid")), 'isValidated', k.convalidated,
      'isEnforced', \(sql: capabilities.hasUnenforcedConstraints ? "k.conenforced" : "true"),
      'isDeferrable', k.condeferrable, 'isDeferred', k.condeferred, 'isNoInherit', k.connoinherit,
      'isInherited', k.coninhcount > 0 AND NOT k.conislocal,
      'expression', CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END,
      'reference', CASE WHEN k.contype = 'f' THEN json_build_object(
        'table', (SELECT \(sql: name("fn.nspname", "f.relname")) FROM pg_class f
          JOIN pg_namespace fn ON fn.oid = f.relnamespace WHERE f.oid = k.confrelid),
        'tableOid', k.confrelid::int8, 'columns', \(sql: columnNames("k.confkey", of: "k.confrelid")),
        'match', CASE k.confmatchtype WHEN 'f' THEN 'FULL' ELSE 'SIMPLE' END,
        'onUpdate', \(sql: action("k.confupdtype")), 'onDelete', \(sql: action("k.confdeltype")),
        'setColumns', \(sql: columnNames("k.confdelsetcols", of: "k.conrelid"))) END,
      'index', CASE WHEN k.contype IN ('p', 'u', 'x') THEN
        (SELECT ic.relname FROM pg_class ic WHERE ic.oid = k.conindid) END,
      'comment', obj_description(k.oid, 'pg_constraint'))
    """
  }

  private static func action(_ code: SQL) -> SQL {
    """
    CASE \(sql: code) WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'
      WHEN 'd' THEN 'SET DEFAULT' ELSE 'NO ACTION' END
    """
  }

  /// A foreign key to a partitioned table has a copy per partition there; copies that live on the same table are not
  /// constraints of their own.
  static func constraints(_ oid: Int64, _ capabilities: Capabilities) -> SQL {
    """
    SELECT k.conrelid::int8 AS relation, \(sql: constraint(capabilities)) AS value
    FROM pg_constraint k
    WHERE k.conrelid = \(oid)::int8::oid AND k.contype IN ('c', 'f', 'n', 'p', 'u', 'x') AND NOT EXISTS (
      SELECT FROM pg_constraint up WHERE up.oid = k.conparentid AND up.conrelid = k.conrelid)
    ORDER BY k.contype, k.conname COLLATE "C"
    """
  }

  static func incomingForeignKeys(_ oid: Int64, _ capabilities: Capabilities) -> SQL {
    """
    SELECT k.confrelid::int8 AS relation, json_build_object(
      'table', \(sql: name("n.nspname", "c.relname")), 'tableOid', c.oid::int8, 'tableKind', c.relkind,
      'constraint', \(sql: constraint(capabilities)),
      'referencedIndex', (SELECT ic.relname FROM pg_class ic WHERE ic.oid = k.conindid)) AS value
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.confrelid = \(oid)::int8::oid AND k.contype = 'f' AND k.conrelid <> k.confrelid AND k.conparentid = 0
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", k.conname COLLATE "C"
    """
  }
}
