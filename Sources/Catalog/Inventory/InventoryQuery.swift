import SQLText

/// The queries behind an inventory, one per part: each answers for many relations at once with two columns, `relation`
/// and `value`, the JSON of one part. And the fingerprints, for the same things.
public enum InventoryQuery {
  /// Read with every name qualified, whatever the session's search_path is.
  static let searchPath = "pg_catalog, pg_temp"

  /// Longer than any name: nothing starts so.
  static let noPrefix = String(repeating: "-", count: Quoting.longestIdentifier + 1)

  static func list(_ oids: [Int64]) -> SQL { "ANY (\(oids)::int8[]::oid[])" }

  static func name(_ schema: SQL, _ name: SQL) -> SQL {
    "json_build_object('schema', \(sql: schema), 'name', \(sql: name))"
  }

  static func qualified(_ schema: SQL, _ name: SQL) -> SQL {
    "quote_ident(\(sql: schema)) || '.' || quote_ident(\(sql: name))"
  }

  /// `acl` must not be NULL where the default counts.
  static func grants(_ acl: SQL) -> SQL {
    """
    coalesce((SELECT json_agg(json_build_object(
        'grantee', CASE WHEN e.grantee <> 0 THEN pg_get_userbyid(e.grantee) END,
        'grantor', pg_get_userbyid(e.grantor), 'privilege', e.privilege_type, 'isGrantable', e.is_grantable)
        ORDER BY e.grantee, e.grantor, e.privilege_type)
      FROM aclexplode(\(sql: acl)) AS e), '[]'::json)
    """
  }

  static func labels(_ catalog: SQL, _ oid: SQL, _ part: SQL = "0") -> SQL {
    """
    coalesce((SELECT json_agg(json_build_object('provider', sl.provider, 'label', sl.label) ORDER BY sl.provider)
      FROM pg_seclabel sl
      WHERE sl.classoid = '\(sql: catalog)'::regclass AND sl.objoid = \(sql: oid) AND sl.objsubid = \(sql: part)),
      '[]'::json)
    """
  }

  /// A column's options, sorted. Debian's 15.20 keeps a stamp of its own among them, `pg_attver`: set by the server when
  /// the column is made or gets another type, deaf to SET and RESET, left out by pg_dump. It is no property to carry over.
  static let columnOptions: SQL = """
    ARRAY(SELECT co.option FROM unnest(a.attoptions) AS co(option) WHERE NOT starts_with(co.option, 'pg_attver=')
      ORDER BY co.option COLLATE "C")
    """

  /// Names of the columns an array of numbers stands for, in its order.
  static func columnNames(_ numbers: SQL, of relation: SQL) -> SQL {
    """
    ARRAY(SELECT cna.attname::text FROM unnest(\(sql: numbers)) WITH ORDINALITY AS cn(number, place)
      JOIN pg_attribute cna ON cna.attrelid = \(sql: relation) AND cna.attnum = cn.number ORDER BY cn.place)
    """
  }
}
