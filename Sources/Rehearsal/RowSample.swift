import Engine
import Journal
import PostgresClient
import SQLText

/// Copies rows from the target into the clone before its constraints are there: small tables whole, a part of the others,
/// then whatever the copied rows refer to, until every foreign key holds. All of it in one snapshot, read only.
struct RowSample {
  let source: Connection
  let clone: Connection
  let choice: RowChoice
  /// For a file on the way.
  let folder: String

  /// Larger tables are sampled.
  private static let small = 256 << 10

  struct Table {
    let name: QualifiedName
    let columns: [String]
    let bytes: Int
    let isLarge: Bool
  }

  /// Returns the number of rows.
  func run() async throws -> Int {
    _ = try await source.script(
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; "
        + "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL search_path = pg_catalog")
    do {
      let rows = try await copy()
      await source.rollback()
      return rows
    } catch let error as PostgresError where error.sqlState == "42501" {
      await source.rollback()
      throw EngineError(
        .refused, "rows cannot be copied: \(error.message)",
        hint: "rehearse without --sample and --rows, or as a role that may read every row")
    } catch {
      await source.rollback()
      throw error
    }
  }

  private func copy() async throws -> Int {
    var rows = 0
    let tables = try await tables()
    for table in tables { rows += try await bring("SELECT \(id: table.columns) FROM ONLY \(id: table.name)\(sql: part(of: table))", into: table) }
    let byName = Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    if tables.contains(where: { $0.bytes >= Self.small }), choice != .percent(100) {
      rows += try await ReferencedRows(sample: self, tables: byName).bring()
    }
    try await sequences()
    return rows
  }

  /// What a table's query ends with.
  private func part(of table: Table) -> SQL {
    guard table.bytes >= Self.small else { return "" }
    switch choice {
    case .percent(100): return ""
    // Blocks of a very large table, rows of another one.
    case .percent(let share): return " TABLESAMPLE \(sql: table.isLarge ? "SYSTEM" : "BERNOULLI") (\(sql: String(share)))"
    case .first(let count): return " LIMIT \(sql: String(count))"
    }
  }

  /// The journal begins anew; what steps keep beside it belongs to the tables they have changed.
  private func tables() async throws -> [Table] {
    try await source.query(
      """
      SELECT n.nspname, c.relname, pg_relation_size(c.oid) AS bytes,
        (SELECT coalesce(array_agg(a.attname ORDER BY a.attnum), '{}') FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND NOT (n.nspname = 'caisson' AND c.relname = ANY (\(Rights.tables.map(\.name))))
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY c.oid
      """
    ).rows.map { row in
      let bytes = try row.int("bytes")
      return Table(
        name: QualifiedName(try row.string("nspname"), try row.string("relname")), columns: try row.strings("columns"),
        bytes: bytes, isLarge: bytes > 256 << 20)
    }
  }

  /// Streams what a query of the target returns into a table of the clone.
  func bring(_ query: SQL, into table: Table) async throws -> Int {
    let file = try SpoolFile(in: folder)
    _ = try await source.copyOut("COPY (\(sql: query)) TO STDOUT") { try file.append($0) }
    try file.rewind()
    return try await clone.copyIn("COPY \(id: table.name) (\(id: table.columns)) FROM STDIN") { try file.next() }
  }

  private func sequences() async throws {
    let rows = try await source.query(
      """
      SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) AS name, last_value FROM pg_sequences
      WHERE last_value IS NOT NULL AND schemaname <> 'caisson'
      """).rows
    for row in rows {
      _ = try await clone.query("SELECT setval(\(try row.string("name"))::regclass, \(try row.string("last_value"))::bigint)")
    }
  }
}
