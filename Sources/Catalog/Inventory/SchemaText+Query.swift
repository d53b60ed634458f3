package import SQLText

extension SchemaText {
  /// Rows `kind, name, definition`. Run with `search_path` set to nothing but pg_catalog: names come qualified then.
  package static let query: SQL = """
    WITH place AS (SELECT oid, nspname FROM pg_namespace
        WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'caisson') AND nspname !~ '^pg_(toast|temp)'),
      belonging AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
      mine AS (SELECT c.* FROM pg_class c JOIN place n ON n.oid = c.relnamespace
        WHERE NOT EXISTS (SELECT FROM belonging b WHERE b.classid = 'pg_class'::regclass AND b.objid = c.oid))
    SELECT kind, name, regexp_replace(definition, 'caisson\\.[^( ]+', 'caisson.…', 'g') AS definition FROM (
      \(sql: schemas) UNION ALL \(sql: relations) UNION ALL \(sql: parts) UNION ALL \(sql: routines) UNION ALL \(sql: others)
    ) AS all_of_it WHERE name !~ '^caisson\\.'
    """

  private static func rights(_ list: SQL, _ fallback: SQL) -> SQL {
    "(SELECT string_agg(i::text, ' ' ORDER BY i::text) FROM unnest(coalesce(\(sql: list), \(sql: fallback))) AS i)"
  }

  private static let schemas: SQL = """
    SELECT 'schema' AS kind, quote_ident(p.nspname) AS name, concat_ws(' ', 'owner', pg_get_userbyid(n.nspowner),
        \(sql: rights("n.nspacl", "acldefault('n', n.nspowner)")), obj_description(n.oid, 'pg_namespace')) AS definition
      FROM place p JOIN pg_namespace n ON n.oid = p.oid
    UNION ALL SELECT 'extension', extname, concat_ws(' ', extversion, extnamespace::regnamespace) FROM pg_extension
    UNION ALL SELECT 'role', rolname, concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,
        rolreplication, rolbypassrls, (SELECT string_agg(roleid::regrole::text, ' ' ORDER BY roleid::regrole::text)
          FROM pg_auth_members m WHERE m.member = r.oid)) FROM pg_roles r WHERE rolname !~ '^(pg|caisson)_'
    UNION ALL SELECT 'settings', coalesce(setrole::regrole::text, 'all'), setconfig::text
      FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database()
    """

  private static let relations: SQL = """
    SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
        WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type'
        ELSE 'index' END, c.oid::regclass::text,
      concat_ws(' ', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid)
          WHEN c.relkind IN ('i', 'I') THEN pg_get_indexdef(c.oid) END,
        CASE WHEN c.relkind IN ('i', 'I') THEN (SELECT CASE WHEN NOT i.indisvalid THEN 'INVALID' END
          || CASE WHEN i.indisclustered THEN ' CLUSTER' ELSE '' END FROM pg_index i WHERE i.indexrelid = c.oid) END,
        pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
        'inherits ' || (SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) FROM pg_inherits
          WHERE inhrelid = c.oid),
        'owner ' || pg_get_userbyid(c.relowner), CASE WHEN c.relkind NOT IN ('i', 'I', 'c') THEN
          \(sql: rights("c.relacl", "acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", c.relowner)")) END,
        c.relpersistence, CASE WHEN c.relrowsecurity THEN 'row security' END,
        CASE WHEN c.relforcerowsecurity THEN 'forced' END, CASE WHEN c.relreplident <> 'd' AND c.relkind IN ('r', 'p')
          THEN 'replica identity ' || c.relreplident::text END, c.reloptions::text,
        CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'not populated' END,
        (SELECT 'tablespace ' || spcname FROM pg_tablespace t WHERE t.oid = c.reltablespace),
        (SELECT concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle)
          FROM pg_sequence WHERE seqrelid = c.oid),
        (SELECT 'owned by ' || d.refobjid::regclass || '.' || d.refobjsubid FROM pg_depend d WHERE c.relkind = 'S'
          AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refobjsubid > 0 AND d.deptype = 'a'),
        obj_description(c.oid, 'pg_class'))
      FROM mine c
    """

  private static let parts: SQL = """
    SELECT 'column', c.oid::regclass || '.' || quote_ident(a.attname), concat_ws(' ',
        row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN 'NOT NULL' END, 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'identity ' || nullif(a.attidentity::text, ''),
        'generated ' || nullif(a.attgenerated::text, ''), 'storage ' || a.attstorage::text,
        (SELECT string_agg(i::text, ' ' ORDER BY i::text) FROM unnest(a.attacl) AS i),
        nullif(array_to_string(\(sql: InventoryQuery.columnOptions), ' '), ''),
        (SELECT collname FROM pg_collation k WHERE k.oid = a.attcollation), nullif(a.attcompression::text, ''),
        col_description(c.oid, a.attnum))
      FROM mine c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    UNION ALL SELECT 'constraint', c.oid::regclass || ' ' || quote_ident(k.conname), concat_ws(' ',
        pg_get_constraintdef(k.oid), CASE WHEN NOT k.convalidated THEN 'NOT VALID' END, obj_description(k.oid, 'pg_constraint'))
      FROM pg_constraint k JOIN mine c ON c.oid = k.conrelid
    UNION ALL SELECT 'trigger', c.oid::regclass || ' ' || quote_ident(t.tgname),
        concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
      FROM pg_trigger t JOIN mine c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL SELECT 'rule', c.oid::regclass || ' ' || quote_ident(r.rulename), concat_ws(' ', pg_get_ruledef(r.oid), r.ev_enabled)
      FROM pg_rewrite r JOIN mine c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN'
    UNION ALL SELECT 'policy', c.oid::regclass || ' ' || quote_ident(p.polname), concat_ws(' ', p.polcmd, p.polpermissive,
        (SELECT string_agg(CASE u WHEN 0 THEN 'public' ELSE pg_get_userbyid(u) END, ' ' ORDER BY pg_get_userbyid(u)) FROM unnest(p.polroles) u),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
      FROM pg_policy p JOIN mine c ON c.oid = p.polrelid
    UNION ALL SELECT 'statistics', s.stxnamespace::regnamespace || '.' || quote_ident(s.stxname), pg_get_statisticsobjdef(s.oid)
      FROM pg_statistic_ext s JOIN mine c ON c.oid = s.stxrelid
    UNION ALL SELECT 'publication', quote_ident(p.pubname) || ' ' || c.oid::regclass, concat_ws(' ', r.prattrs::text, pg_get_expr(r.prqual, r.prrelid))
      FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN mine c ON c.oid = r.prrelid
    """

  private static let routines: SQL = """
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, p.oid::regprocedure::text,
        concat_ws(' ', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END, 'owner ' || pg_get_userbyid(p.proowner),
          \(sql: rights("p.proacl", "acldefault('f', p.proowner)")), obj_description(p.oid, 'pg_proc'))
      FROM pg_proc p JOIN place n ON n.oid = p.pronamespace
      WHERE NOT EXISTS (SELECT FROM belonging b WHERE b.classid = 'pg_proc'::regclass AND b.objid = p.oid)
    UNION ALL SELECT 'type', t.oid::regtype::text, concat_ws(' ', t.typtype, pg_get_userbyid(t.typowner),
        CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END, t.typdefault, CASE WHEN t.typnotnull THEN 'NOT NULL' END,
        (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
        (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY conname) FROM pg_constraint k WHERE contypid = t.oid))
      FROM pg_type t JOIN place n ON n.oid = t.typnamespace WHERE t.typtype IN ('d', 'e', 'r')
        AND NOT EXISTS (SELECT FROM belonging b WHERE b.classid = 'pg_type'::regclass AND b.objid = t.oid)
    """

  private static let others: SQL = """
    SELECT 'publication', quote_ident(pubname), concat_ws(' ', puballtables, pubinsert, pubupdate, pubdelete, pubtruncate,
        pubviaroot, pg_get_userbyid(pubowner)) FROM pg_publication
    UNION ALL SELECT 'event trigger', quote_ident(evtname), concat_ws(' ', evtevent, evtfoid::regprocedure, evtenabled, evttags::text)
      FROM pg_event_trigger
    UNION ALL SELECT 'default privileges', concat_ws(' ', pg_get_userbyid(defaclrole), nullif(defaclnamespace, 0)::regnamespace, defaclobjtype),
        (SELECT string_agg(i::text, ' ' ORDER BY i::text) FROM unnest(defaclacl) AS i) FROM pg_default_acl
    UNION ALL SELECT 'operator', o.oid::regoperator::text, o.oprcode::regprocedure::text
      FROM pg_operator o JOIN place n ON n.oid = o.oprnamespace
      WHERE NOT EXISTS (SELECT FROM belonging b WHERE b.classid = 'pg_operator'::regclass AND b.objid = o.oid)
    UNION ALL SELECT 'server', quote_ident(srvname), concat_ws(' ', srvtype, srvversion) FROM pg_foreign_server
    """
}
