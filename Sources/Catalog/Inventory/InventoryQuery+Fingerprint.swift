public import SQLText

extension InventoryQuery {
  /// One text that changes whenever anything of a table's inventory changes, and only then. Also when triggers were
  /// disabled and enabled again in between: what was written meanwhile has not fired them. Triggers whose name starts
  /// with `prefix` do not count, neither do the table's file, its statistics and the values of its sequences.
  ///
  /// Reads the catalog's rows as they are, so that neither the search_path nor the session's settings matter.
  public static func fingerprint(of oid: Int64, ignoringTriggers prefix: String? = nil) -> SQL {
    digest(of: oid, ignoring: prefix, trigger: ", t.xmin")
  }

  /// The same, for a comparison across writes that only touch triggers and put them back.
  public static func definitionFingerprint(of oid: Int64, ignoringTriggers prefix: String? = nil) -> SQL {
    digest(of: oid, ignoring: prefix, trigger: "")
  }

  private static func digest(of oid: Int64, ignoring prefix: String?, trigger: SQL) -> SQL {
    let root: SQL = "\(sql: String(oid))::oid"
    let parts = [
      classes, attributes, indexes, sequences(root), constraints(root), triggers(prefix, trigger), rewrites, policies(root),
      extendedStatistics, publications(root), functions, surroundings(root),
    ]
    return """
      WITH RECURSIVE \(sql: DependentQuery.walk(from: root)),
      relation(oid) AS (
        SELECT \(sql: root) UNION SELECT w.object FROM walk w WHERE w.class = 'pg_class'::regclass),
      part(class, oid, text) AS MATERIALIZED (\(sql: parts.joined(separator: "\nUNION ALL\n"))),
      whole(text) AS (SELECT p.class::text || p.oid || ' ' || p.text FROM part p UNION ALL \(sql: remarks))
      SELECT encode(sha256(convert_to(string_agg(w.text, E'\\n' ORDER BY w.text COLLATE "C"),
        getdatabaseencoding()::name)), 'hex') AS fingerprint
      FROM whole w
      """
  }

  /// Tables and views, their indexes and the sequences they own.
  private static let classes: SQL = """
    SELECT 'pg_class'::regclass::oid, c.oid, ROW(c.relname, c.relnamespace, c.relowner, c.relkind, c.relpersistence,
      c.reltablespace, c.relam, c.reloptions, c.relreplident, c.relrowsecurity, c.relforcerowsecurity, c.relispopulated,
      coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)),
      (SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid))::text
    FROM pg_class c
    WHERE c.oid IN (SELECT r.oid FROM relation r
      UNION ALL SELECT i.indexrelid FROM pg_index i JOIN relation r ON r.oid = i.indrelid
      UNION ALL SELECT d.objid FROM pg_depend d JOIN relation r ON r.oid = d.refobjid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
          AND d.refobjsubid > 0 AND EXISTS (SELECT FROM pg_sequence s WHERE s.seqrelid = d.objid))
    """

  private static let attributes: SQL = """
    SELECT 'pg_attribute'::regclass::oid, a.attrelid, ROW(a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation,
      a.attnotnull, a.attgenerated, a.attidentity, a.attstorage, a.attcompression, coalesce(a.attstattarget, -1),
      \(sql: columnOptions), a.attacl, a.attisdropped, d.adbin::text)::text
    FROM pg_attribute a
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND a.attrelid IN (
      SELECT r.oid FROM relation r UNION ALL SELECT i.indexrelid FROM pg_index i JOIN relation r ON r.oid = i.indrelid)
    """

  private static let indexes: SQL = """
    SELECT 'pg_index'::regclass::oid, i.indexrelid, ROW(i.indrelid, i.indnkeyatts, i.indisunique,
      i.indnullsnotdistinct, i.indisprimary, i.indisexclusion, i.indimmediate, i.indisclustered, i.indisvalid,
      i.indisready, i.indisreplident, i.indkey, i.indcollation, i.indclass, i.indoption, i.indexprs::text,
      i.indpred::text)::text
    FROM pg_index i JOIN relation r ON r.oid = i.indrelid
    """

  private static func sequences(_ root: SQL) -> SQL {
    """
    SELECT 'pg_sequence'::regclass::oid, s.seqrelid, ROW(d.refobjsubid, d.deptype, s.seqtypid, s.seqstart,
      s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)::text
    FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = \(sql: root)
      AND d.deptype IN ('a', 'i')
    """
  }

  /// The table's own, other tables' foreign keys to it, those of dependent relations.
  private static func constraints(_ root: SQL) -> SQL {
    """
    SELECT 'pg_constraint'::regclass::oid, k.oid, ROW(k.conname, k.contype, k.conrelid, k.confrelid, k.conindid,
      k.condeferrable, k.condeferred, k.convalidated, k.connoinherit, k.conislocal, k.coninhcount, k.confupdtype,
      k.confdeltype, k.confmatchtype, k.conkey, k.confkey, k.confdelsetcols, k.conexclop, k.conbin::text,
      to_jsonb(k) -> 'conenforced')::text
    FROM pg_constraint k
    WHERE k.conrelid IN (SELECT r.oid FROM relation r) OR k.confrelid = \(sql: root)
    """
  }

  private static func triggers(_ prefix: String?, _ more: SQL) -> SQL {
    """
    SELECT 'pg_trigger'::regclass::oid, t.oid, ROW(CASE WHEN NOT t.tgisinternal THEN t.tgname END, t.tgrelid, t.tgfoid,
      t.tgtype, t.tgenabled, t.tgconstrrelid, t.tgconstraint, t.tgdeferrable, t.tginitdeferred, t.tgattr,
      t.tgargs, t.tgqual::text, t.tgoldtable, t.tgnewtable\(sql: more))::text
    FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
    WHERE NOT starts_with(t.tgname::text, \(literal: prefix ?? noPrefix))
    """
  }

  private static let rewrites: SQL = """
    SELECT 'pg_rewrite'::regclass::oid, w.oid, ROW(w.rulename, w.ev_class, w.ev_type, w.ev_enabled, w.is_instead,
      w.ev_qual::text, w.ev_action::text)::text
    FROM pg_rewrite w
    WHERE w.ev_class IN (SELECT r.oid FROM relation r)
      OR w.oid IN (SELECT found.object FROM walk found WHERE found.class = 'pg_rewrite'::regclass)
    """

  private static func policies(_ root: SQL) -> SQL {
    """
    SELECT 'pg_policy'::regclass::oid, p.oid, ROW(p.polname, p.polrelid, p.polcmd, p.polpermissive, p.polroles,
      p.polqual::text, p.polwithcheck::text)::text
    FROM pg_policy p
    WHERE p.polrelid = \(sql: root)
      OR p.oid IN (SELECT found.object FROM walk found WHERE found.class = 'pg_policy'::regclass)
    """
  }

  private static let extendedStatistics: SQL = """
    SELECT 'pg_statistic_ext'::regclass::oid, s.oid, ROW(s.stxname, s.stxnamespace, s.stxrelid, s.stxowner, s.stxkeys,
      s.stxkind, coalesce(s.stxstattarget, -1), s.stxexprs::text)::text
    FROM pg_statistic_ext s JOIN relation r ON r.oid = s.stxrelid
    """

  private static func publications(_ root: SQL) -> SQL {
    """
    SELECT 'pg_publication'::regclass::oid, p.oid, ROW(p.pubname, p.pubviaroot, p.puballtables, n.oid,
      m.prrelid, m.prqual::text, m.prattrs)::text
    FROM pg_publication p
    JOIN pg_class c ON c.oid = \(sql: root)
    LEFT JOIN pg_publication_namespace n ON n.pnpubid = p.oid AND n.pnnspid = c.relnamespace
    LEFT JOIN pg_publication_rel m ON m.prpubid = p.oid AND m.prrelid IN (
      SELECT c.oid UNION ALL SELECT a.relid FROM pg_partition_ancestors(c.oid) a)
    WHERE p.puballtables OR n.oid IS NOT NULL OR m.oid IS NOT NULL
    """
  }

  private static let functions: SQL = """
    SELECT 'pg_proc'::regclass::oid, f.oid, ROW(f.proname, f.pronamespace, f.proowner, f.prolang, f.procost, f.prorows,
      f.prosupport, f.prokind, f.prosecdef, f.proleakproof, f.proisstrict, f.proretset, f.provolatile, f.proparallel,
      f.prorettype, f.proargtypes, f.proallargtypes, f.proargmodes, f.proargnames, f.proargdefaults::text,
      f.protrftypes, f.prosrc, f.probin, f.prosqlbody::text, f.proconfig,
      coalesce(f.proacl, acldefault('f', f.proowner)))::text
    FROM pg_proc f
    WHERE f.oid IN (SELECT found.object FROM walk found WHERE found.class = 'pg_proc'::regclass)
    """

  /// What it inherits from, what else refers to it, and what newly created objects would be given.
  private static func surroundings(_ root: SQL) -> SQL {
    """
    SELECT 'pg_inherits'::regclass::oid, i.inhparent, ROW(i.inhseqno, c.relpartbound::text)::text
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhrelid = \(sql: root)
    UNION ALL
    SELECT w.class, w.object, ROW(w.part, w.ref_class, w.ref_object)::text FROM walk w
    UNION ALL
    SELECT 'pg_default_acl'::regclass::oid, d.oid, ROW(d.defaclrole, d.defaclobjtype, d.defaclacl)::text
    FROM pg_default_acl d
    WHERE d.defaclnamespace IN (0, (SELECT c.relnamespace FROM pg_class c WHERE c.oid = \(sql: root)))
    """
  }

  /// Comments and security labels of all parts and of the columns.
  private static let remarks: SQL = """
    SELECT ROW(d.classoid, d.objoid, d.objsubid, d.description)::text
    FROM pg_description d JOIN (SELECT DISTINCT p.class, p.oid FROM part p) AS o
      ON o.class = d.classoid AND o.oid = d.objoid
    UNION ALL
    SELECT ROW(l.classoid, l.objoid, l.objsubid, l.provider, l.label)::text
    FROM pg_seclabel l JOIN (SELECT DISTINCT p.class, p.oid FROM part p) AS o
      ON o.class = l.classoid AND o.oid = l.objoid
    """
}
