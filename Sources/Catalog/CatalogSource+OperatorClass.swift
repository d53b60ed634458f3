public import SQLText

/// An operator class as an index key names it.
public struct OperatorClassFacts: Sendable, Hashable {
  public var name: QualifiedName
  /// The class a key of this type gets when none is named.
  public var isDefault: Bool
}

extension CatalogSource {
  /// The operator classes of an access method that take a type, the default first. Follows the server's rules: an
  /// exact match before one over a binary-coercible or polymorphic type.
  public func operatorClasses(method: String, type oid: Int64) async throws -> [OperatorClassFacts] {
    let found = try await repeatedRows(
      """
      WITH RECURSIVE base AS (
        SELECT t.oid, t.typtype, t.typbasetype, t.typelem, t.typsubscript
        FROM pg_type t WHERE t.oid = \(oid)::int8::oid
        UNION ALL
        SELECT t.oid, t.typtype, t.typbasetype, t.typelem, t.typsubscript
        FROM base b JOIN pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd'
      ), own AS (SELECT b.* FROM base b WHERE b.typtype <> 'd')
      SELECT n.nspname AS schema, c.opcname AS name, c.opcdefault,
        CASE WHEN c.opcintype = own.oid THEN 0
          WHEN k.oid IS NOT NULL THEN CASE WHEN it.typispreferred THEN 1 ELSE 2 END ELSE 3 END AS distance
      FROM own CROSS JOIN pg_opclass c
      JOIN pg_am am ON am.oid = c.opcmethod AND am.amname = \(method)
      JOIN pg_namespace n ON n.oid = c.opcnamespace
      JOIN pg_type it ON it.oid = c.opcintype
      LEFT JOIN pg_cast k ON k.castsource = own.oid AND k.casttarget = c.opcintype AND k.castmethod = 'b'
        AND k.castcontext = 'i'
      WHERE c.opcintype = own.oid OR k.oid IS NOT NULL
        OR c.opcintype = CASE own.typtype WHEN 'e' THEN 'anyenum'::regtype WHEN 'r' THEN 'anyrange'::regtype
          WHEN 'm' THEN 'anymultirange'::regtype WHEN 'c' THEN 'record'::regtype
          ELSE CASE WHEN own.typelem <> 0 AND own.typsubscript = 'array_subscript_handler'::regproc
            THEN 'anyarray'::regtype END END
      ORDER BY distance, c.opcdefault DESC, n.nspname, c.opcname
      """)
    let first = try found.first { try $0.bool("opcdefault") }
    return try found.map { row in
      OperatorClassFacts(
        name: QualifiedName(try row.string("schema"), try row.string("name")), isDefault: row == first)
    }
  }

  /// Every operator class of an access method, whatever its type, by name: extensions that could help.
  public func hasOperatorClass(_ name: String, method: String) async throws -> Bool {
    try await repeatedRows(
      """
      SELECT 1 AS found FROM pg_opclass c JOIN pg_am am ON am.oid = c.opcmethod
      WHERE c.opcname = \(name) AND am.amname = \(method) LIMIT 1
      """).first != nil
  }

  /// The collation an unqualified or qualified name means here.
  public func collation(_ name: QualifiedName) async throws -> QualifiedName? {
    try await repeatedRows(
      """
      SELECT n.nspname AS schema, c.collname AS name FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
      WHERE c.collname = \(name.name) AND n.nspname IN (\(name.schema), 'pg_catalog')
        AND c.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database()))
      ORDER BY n.nspname = \(name.schema) DESC LIMIT 1
      """).first.flatMap { QualifiedName($0["schema"], $0["name"]) }
  }

  /// The type of a column.
  public func typeOid(of column: String, in table: RelationFacts) async throws -> Int64? {
    try await repeatedRows(
      """
      SELECT a.atttypid::int8 AS oid FROM pg_attribute a
      WHERE a.attrelid = \(table.oid)::int8::oid AND a.attname = \(column) AND NOT a.attisdropped
      """).first?.int64("oid")
  }
}
