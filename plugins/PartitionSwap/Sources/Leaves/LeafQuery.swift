import PluginAPI

/// The catalog's side of `LeafTemplate`.
enum LeafQuery {
  static func properties(_ oid: Int64, parent: Int64) -> SQL {
    """
    SELECT pg_get_userbyid(c.relowner) AS owner, c.relpersistence AS persistence, am.amname AS method,
      ts.spcname AS tablespace,
      coalesce(c.reloptions, '{}') || ARRAY(SELECT 'toast.' || o FROM unnest(t.reloptions) AS o) AS options,
      c.relreplident AS identity, c.relrowsecurity AS secured, c.relforcerowsecurity AS forced,
      ARRAY(SELECT DISTINCT CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee)::text END
        FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) AS a
        WHERE d.defaclobjtype = 'r' AND d.defaclnamespace IN (0, c.relnamespace)
          AND d.defaclrole IN (SELECT r.oid FROM pg_roles r WHERE r.rolname IN (current_user, session_user))
          AND a.grantee <> c.relowner ORDER BY 1) AS revoked,
      ARRAY(SELECT p.pubname::text FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
        WHERE r.prrelid = c.oid AND c.relispartition AND NOT EXISTS (
          SELECT FROM pg_publication_rel up WHERE up.prpubid = r.prpubid AND up.prrelid = \(parent)::int8::oid)
        ORDER BY 1) AS publications
    FROM pg_class c
    LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
    LEFT JOIN pg_am am ON am.oid = c.relam AND am.amname <> current_setting('default_table_access_method')
    LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
    WHERE c.oid = \(oid)::int8::oid
    """
  }

  /// Of the table and of columns, the owner's own left out.
  static func grants(_ oid: Int64) -> SQL {
    """
    WITH acl AS (
      SELECT c.relacl AS acl, NULL::text AS column_name, c.relowner FROM pg_class c WHERE c.oid = \(oid)::int8::oid
      UNION ALL
      SELECT a.attacl, a.attname::text, c.relowner FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE a.attrelid = \(oid)::int8::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL
    )
    SELECT string_agg(DISTINCT x.privilege_type, ', ' ORDER BY x.privilege_type) AS privileges, acl.column_name,
      CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee) END AS grantee, x.is_grantable AS grantable
    FROM acl CROSS JOIN LATERAL aclexplode(acl.acl) AS x
    WHERE x.grantee <> acl.relowner
    GROUP BY acl.column_name, x.grantee, x.is_grantable
    ORDER BY acl.column_name NULLS FIRST, x.grantee, x.is_grantable
    """
  }

  static func policies(_ oid: Int64) -> SQL {
    """
    SELECT p.polname AS name,
      format('AS %s FOR %s TO %s%s%s', CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
          ELSE 'ALL' END,
        (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r)
          FROM unnest(p.polroles) AS r),
        coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''),
        coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')) AS rest
    FROM pg_policy p WHERE p.polrelid = \(oid)::int8::oid ORDER BY p.polname
    """
  }

  /// Of a column's options those that can be set (ALTER TABLE, "attribute_option"); a server may keep others of its own.
  static func columnSettings(_ oid: Int64) -> SQL {
    """
    SELECT format('ALTER COLUMN %I SET STATISTICS %s', a.attname, a.attstattarget) AS setting
    FROM pg_attribute a
    WHERE a.attrelid = \(oid)::int8::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0
    UNION ALL
    SELECT format('ALTER COLUMN %I SET (%s)', a.attname, o.option)
    FROM pg_attribute a CROSS JOIN LATERAL unnest(a.attoptions) AS o(option)
    WHERE a.attrelid = \(oid)::int8::oid AND a.attnum > 0 AND NOT a.attisdropped
      AND o.option ~ '^n_distinct(_inherited)?='
    ORDER BY 1
    """
  }

  /// Those no index of the parent stands over, and the one that is the replica identity.
  static func ownIndexes(_ oid: Int64) -> SQL {
    """
    SELECT c.relname AS name, k.oid IS NOT NULL AS is_constraint, i.indisunique AS is_unique,
      i.indisreplident AS is_identity,
      coalesce(pg_get_constraintdef(k.oid), substr(pg_get_indexdef(c.oid), 1 + length(format(
        'CREATE %sINDEX %I ON %I.%I ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END,
        c.relname, n.nspname, t.relname)))) AS body
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
    WHERE i.indrelid = \(oid)::int8::oid AND i.indisvalid AND (NOT c.relispartition OR i.indisreplident)
    ORDER BY c.relname
    """
  }
}
