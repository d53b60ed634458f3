public import PluginAPI

/// A column of the pair by which a log tells rows apart; of any type that a B-tree orders.
public struct LoggedColumn: Sendable, Hashable, Codable {
  public var name: String
  /// As `format_type` prints it; of a domain its base type, since a TRUNCATE is noted with the column empty.
  public var type: String
  /// Where comparing goes by other rules than the database's.
  public var collation: QualifiedName?
  /// Where the type's operators are.
  public var schema: String

  public init(_ name: String, _ type: String, collation: QualifiedName? = nil, schema: String = "pg_catalog") {
    self.name = name
    self.type = type
    self.collation = collation
    self.schema = schema
  }

  /// The named columns of a table, in the order of `names`; those that it does not have are left out.
  public static func read(
    _ names: [String], of table: QualifiedName, _ facts: any Facts
  ) async throws -> [LoggedColumn] {
    let rows = try await facts.rows(query(names, of: table))
    return try rows.map { row in
      let collation = try row["collation"].map { QualifiedName(try row.string("collation_schema"), $0) }
      return LoggedColumn(
        try row.string("name"), try row.string("type"), collation: collation, schema: try row.string("schema"))
    }
  }

  private static func query(_ names: [String], of table: QualifiedName) -> SQL {
    """
    WITH RECURSIVE typed AS (
      SELECT w.place, a.attname::text AS name, a.atttypid AS type, a.atttypmod AS modifier, a.attcollation AS collation
      FROM unnest(\(names)::text[]) WITH ORDINALITY w (name, place)
      JOIN pg_catalog.pg_attribute a ON a.attname = w.name
      WHERE a.attrelid = pg_catalog.to_regclass(\(table.quoted)) AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL
      SELECT d.place, d.name, t.typbasetype, CASE WHEN d.modifier >= 0 THEN d.modifier ELSE t.typtypmod END, d.collation
      FROM typed d JOIN pg_catalog.pg_type t ON t.oid = d.type WHERE t.typtype = 'd'
    )
    SELECT d.name, pg_catalog.format_type(d.type, d.modifier) AS type, n.nspname::text AS schema,
      c.collname::text AS collation, cn.nspname::text AS collation_schema
    FROM typed d
    JOIN pg_catalog.pg_type t ON t.oid = d.type AND t.typtype <> 'd'
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_collation c ON c.oid = d.collation AND c.collname <> 'default'
    LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = c.collnamespace
    ORDER BY d.place
    """
  }
}

/// A row's key as SQL: in a table under the columns' own names, in the log as `k1`, `k2`, …
struct KeyColumns {
  let columns: [LoggedColumn]

  init(_ columns: [LoggedColumn]) { self.columns = columns }

  var aliases: [String] { columns.indices.map { "k\($0 + 1)" } }
  var logged: String { aliases.joined(separator: ", ") }
  var names: String { columns.map { Quoting.identifier($0.name) }.joined(separator: ", ") }

  /// `t."a", t."b"`
  func list(of alias: String) -> String {
    columns.map { "\(alias).\(Quoting.identifier($0.name))" }.joined(separator: ", ")
  }

  /// `t."a" DESC, t."b" DESC`
  func descending(of alias: String) -> String {
    columns.map { "\(alias).\(Quoting.identifier($0.name)) DESC" }.joined(separator: ", ")
  }

  /// `t."a" AS k1, …`
  func selected(from alias: String) -> String {
    zip(columns, aliases).map { "\(alias).\(Quoting.identifier($0.name)) AS \($1)" }.joined(separator: ", ")
  }

  /// `t."a" = l.k1 AND …`
  func matching(_ alias: String, logged log: String) -> String {
    zip(columns, aliases).map { "\(alias).\(Quoting.identifier($0.name)) = \(log).\($1)" }.joined(separator: " AND ")
  }

  /// `a."x" = b."x" AND …`
  func matching(_ a: String, _ b: String) -> String {
    columns.map { "\(a).\(Quoting.identifier($0.name)) = \(b).\(Quoting.identifier($0.name))" }
      .joined(separator: " AND ")
  }

  /// The key in a cursor, read back with its own types.
  func read(_ json: String) -> String {
    columns.enumerated().map { "(\(json)->>\($0.offset))::\($0.element.type)" }.joined(separator: ", ")
  }

  /// The key of a row with `k1`, … as a cursor.
  func cursor(of alias: String) -> String {
    "pg_catalog.jsonb_build_array(" + aliases.map { "\(alias).\($0)::text" }.joined(separator: ", ") + ")"
  }

  /// Rows behind `after` and not behind `upto`, jsonb expressions; NULL is open.
  func range(of alias: String, after: String?, upto: String?) -> String {
    let key = "(\(list(of: alias)))"
    let low = after.map { "(\($0) IS NULL OR \(key) > (\(read("(\($0))"))))" }
    let high = upto.map { "(\($0) IS NULL OR \(key) <= (\(read("(\($0))"))))" }
    return [low, high].compactMap { $0 }.joined(separator: " AND ")
  }
}
