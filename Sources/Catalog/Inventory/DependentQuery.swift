import SQLText

/// The walk over pg_depend from a table to everything that refers to it from outside, as the body of a recursive CTE.
enum DependentQuery {
  /// `walk(class, object, part, ref_class, ref_object, depth)`: one row per reference. A view stands for the rule that
  /// makes it; row types and their arrays are stations on the way. What belongs to the table itself is left out, as are
  /// foreign keys: the inventory has them elsewhere.
  static func walk(from oid: SQL) -> SQL {
    """
    walk(class, object, part, ref_class, ref_object, depth) AS (
      SELECT 'pg_class'::regclass::oid, \(sql: oid), 0, 0::oid, 0::oid, 0
      UNION
      SELECT CASE WHEN o.rulename = '_RETURN' THEN 'pg_class'::regclass::oid ELSE d.classid END,
        CASE WHEN o.rulename = '_RETURN' THEN o.relation ELSE d.objid END,
        CASE WHEN o.rulename = '_RETURN' OR o.relkind IN ('v', 'm') THEN 0 ELSE d.objsubid END,
        w.class, w.object, w.depth + 1
      FROM walk w
      JOIN pg_depend d ON d.refclassid = w.class AND d.refobjid = w.object
      CROSS JOIN LATERAL (\(sql: object)) o
      WHERE w.depth < 100
        AND coalesce(o.relation, 0) NOT IN (w.object, \(sql: oid))
        AND NOT (d.classid = d.refclassid AND d.objid = d.refobjid)
        AND NOT (d.classid = 'pg_class'::regclass AND d.objid = \(sql: oid))
        AND coalesce(o.contype, ' ') <> 'f'
        AND d.classid NOT IN ('pg_publication_rel'::regclass, 'pg_init_privs'::regclass)
        AND (d.classid <> 'pg_class'::regclass OR d.deptype = 'n')
    )
    """
  }

  /// What `pg_depend d` names: the relation it belongs to, and what tells how. Looked up one by one: as outer joins these
  /// catalogs cost more to plan than to read.
  private static let object: SQL = """
    SELECT
      CASE d.classid
        WHEN 'pg_rewrite'::regclass THEN (SELECT r.ev_class FROM pg_rewrite r WHERE r.oid = d.objid)
        WHEN 'pg_class'::regclass THEN (SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = d.objid)
        WHEN 'pg_constraint'::regclass THEN (SELECT k.conrelid FROM pg_constraint k WHERE k.oid = d.objid)
        WHEN 'pg_policy'::regclass THEN (SELECT p.polrelid FROM pg_policy p WHERE p.oid = d.objid)
        WHEN 'pg_trigger'::regclass THEN (SELECT t.tgrelid FROM pg_trigger t WHERE t.oid = d.objid)
        WHEN 'pg_attrdef'::regclass THEN (SELECT a.adrelid FROM pg_attrdef a WHERE a.oid = d.objid)
        WHEN 'pg_statistic_ext'::regclass THEN (SELECT s.stxrelid FROM pg_statistic_ext s WHERE s.oid = d.objid)
      END AS relation,
      CASE WHEN d.classid = 'pg_rewrite'::regclass
        THEN (SELECT r.rulename FROM pg_rewrite r WHERE r.oid = d.objid) END AS rulename,
      CASE WHEN d.classid = 'pg_class'::regclass
        THEN (SELECT c.relkind FROM pg_class c WHERE c.oid = d.objid) END AS relkind,
      CASE WHEN d.classid = 'pg_constraint'::regclass
        THEN (SELECT k.contype FROM pg_constraint k WHERE k.oid = d.objid) END AS contype
    OFFSET 0
    """

  /// What the walk found, in an order in which it can be created; `refers_to` are relations, functions and so on by oid.
  static func dependents(of oid: Int64) -> SQL {
    """
    WITH RECURSIVE \(sql: walk(from: "\(oid)::int8::oid"))
    SELECT w.class::regclass::text AS class, w.object::int8 AS oid,
      pg_describe_object(w.class, w.object, min(w.part)) AS description,
      to_json(array_agg(DISTINCT coalesce(nullif(coalesce(rt.typrelid, 0), 0), nullif(coalesce(et.typrelid, 0), 0),
        w.ref_object)::int8)) AS refers_to,
      coalesce(bool_or(w.ref_class = 'pg_type'::regclass), false) AS uses_row_type,
      to_json(ARRAY(SELECT k.conname FROM pg_depend d JOIN pg_constraint k ON k.oid = d.refobjid
        LEFT JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
        WHERE d.refclassid = 'pg_constraint'::regclass AND k.conrelid = \(oid)::int8::oid AND d.deptype = 'n'
          AND (r.ev_class = w.object AND r.rulename = '_RETURN' OR d.classid = w.class AND d.objid = w.object)
        ORDER BY k.conname COLLATE "C")) AS constraints
    FROM walk w
    LEFT JOIN pg_type rt ON w.ref_class = 'pg_type'::regclass AND rt.oid = w.ref_object
    LEFT JOIN pg_type et ON et.oid = rt.typelem
    WHERE w.depth > 0 AND NOT (w.class = 'pg_type'::regclass AND EXISTS (
      SELECT FROM pg_type own LEFT JOIN pg_type element ON element.oid = own.typelem
      WHERE own.oid = w.object AND (own.typrelid <> 0 OR own.typcategory = 'A' AND element.typrelid <> 0)))
    GROUP BY w.class, w.object
    ORDER BY max(w.depth), w.object
    """
  }
}
