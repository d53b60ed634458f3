import OnlineDDL
import PluginAPI

/// Gives rows without a partition key one, and then allows none without. Which rows were filled, and with what, is kept:
/// the way back empties those again that nobody has changed since.
struct NullFill: Sendable, Hashable, Codable {
  var table: QualifiedName
  var primaryKey: [LoggedColumn]
  var key: LoggedColumn
  /// Over the row.
  var expression: String
  /// Begins the name of the table of filled rows.
  var name: String

  static let check = "caisson_key"

  /// Rows that were filled.
  var noted: QualifiedName { QualifiedName("caisson", Quoting.fitted(name, suffix: "_filled")) }

  private var column: String { Quoting.identifier(key.name) }
  private var identity: String { primaryKey.map { Quoting.identifier($0.name) }.joined(separator: ", ") }
  private var same: String {
    primaryKey.map { "t.\(Quoting.identifier($0.name)) = g.\(Quoting.identifier($0.name))" }.joined(separator: " AND ")
  }
}

extension NullFill {
  /// Most rows are filled before the CHECK: with it, changing a row that has no key yet is an error. Those that come in
  /// between are filled after it, and then there can be no more.
  func operations(target: TimeSpan) -> [Operation] {
    [makeNotes, fill("fill", "fill \(key.name) of \(table)", target, undo: .operations([empty(target)])), addCheck,
     fill("fill-rest", "fill \(key.name) of rows that came meanwhile", target, undo: .nothing), validate, setNotNull]
  }

  private var makeNotes: Operation {
    let columns = (primaryKey + [key]).map { column -> SQL in
      let collation: SQL = column.collation.map { " COLLATE \(id: $0)" } ?? ""
      return "\(id: column.name) \(sql: column.type)\(sql: collation)"
    }
    return .transaction(
      id: "filled", title: "create \(noted), which keeps the rows that get a key",
      [
        TransactionStatement(
          "CREATE TABLE \(id: noted) (\(sql: columns.joined(separator: ", ")), PRIMARY KEY (\(sql: identity)))"),
        TransactionStatement("COMMENT ON TABLE \(id: noted) IS \(literal: "Rows of \(table) that had no \(key.name)")"),
      ],
      undo: .operations([
        .transaction(id: "drop", title: "drop \(noted)", [TransactionStatement(forget)], undo: .nothing)
      ]))
  }

  var forget: SQL { "DROP TABLE IF EXISTS \(id: noted)" }

  /// Block by block as they lie on disk.
  private func fill(_ id: String, _ title: String, _ target: TimeSpan, undo: Undo) -> Operation {
    let from = "COALESCE(($cursor->>'block')::bigint, 0)", step = "greatest(1, $size / 50)"
    let statement = """
      WITH filled AS (
        UPDATE \(table.quoted) SET \(column) = (\(expression)
        ) WHERE ctid >= ('(' || \(from) || ',0)')::tid AND ctid < ('(' || \(from) + \(step) || ',0)')::tid
          AND \(column) IS NULL
        RETURNING \(identity), \(column)
      ), noted AS (
        INSERT INTO \(noted.quoted) SELECT * FROM filled WHERE \(column) IS NOT NULL
        ON CONFLICT (\(identity)) DO UPDATE SET \(column) = excluded.\(column)
      )
      SELECT CASE WHEN \(from) + \(step) < pg_relation_size(\(Quoting.literal(table.quoted))::regclass)
            / current_setting('block_size')::bigint THEN jsonb_build_object('block', \(from) + \(step)) END AS cursor,
        (SELECT count(*) FROM filled) AS rows
      """
    return .chunked(
      id: id, title: title,
      ChunkedWork([SQL(verbatim: statement)], target: target, settings: [Setting("plan_cache_mode", "force_custom_plan")]),
      undo: undo)
  }

  /// A key that was changed since stays.
  private func empty(_ target: TimeSpan) -> Operation {
    let statement = """
      WITH g AS (
        DELETE FROM \(noted.quoted) WHERE (\(identity)) IN (SELECT \(identity) FROM \(noted.quoted) LIMIT $size) RETURNING *
      ), emptied AS (
        UPDATE \(table.quoted) AS t SET \(column) = NULL FROM g WHERE \(same) AND t.\(column) = g.\(column)
      )
      SELECT CASE WHEN EXISTS (SELECT FROM g) THEN '{}'::jsonb END AS cursor, (SELECT count(*) FROM g) AS rows
      """
    return .chunked(
      id: "empty", title: "take \(key.name) from the rows that had none",
      ChunkedWork([SQL(verbatim: statement)], target: target), undo: .nothing)
  }

  private var addCheck: Operation {
    .transaction(
      id: "key-check", title: "let no row of \(table) come without \(key.name)",
      [
        TransactionStatement(
          """
          ALTER TABLE \(id: table) ADD CONSTRAINT \(id: NullFill.check) CHECK (\(id: key.name) IS NOT NULL) NOT VALID
          """)
      ],
      locks: [RelationLock(.accessExclusive, table)],
      undo: .operations([ShortLock.dropConstraint(NullFill.check, of: table)]))
  }

  private var validate: Operation { Validation.operation(NullFill.check, on: table, id: "key-validate") }

  /// From the validated CHECK: nothing is read.
  private var setNotNull: Operation {
    .transaction(
      id: "not-null", title: "\(key.name) of \(table) is NOT NULL",
      [
        TransactionStatement("ALTER TABLE \(id: table) ALTER COLUMN \(id: key.name) SET NOT NULL"),
        TransactionStatement("ALTER TABLE \(id: table) DROP CONSTRAINT \(id: NullFill.check)"),
      ],
      locks: [RelationLock(.accessExclusive, table)],
      undo: .operations([
        .transaction(
          id: "nullable", title: "\(key.name) of \(table) may be NULL again",
          [TransactionStatement("ALTER TABLE \(id: table) ALTER COLUMN \(id: key.name) DROP NOT NULL")],
          locks: [RelationLock(.accessExclusive, table)], undo: .nothing)
      ]))
  }
}

/// One catalog change under one short lock.
enum ShortLock {
  static func dropConstraint(_ name: String, of table: QualifiedName) -> Operation {
    .transaction(
      id: "drop", title: "drop \(name) of \(table)",
      [TransactionStatement("ALTER TABLE \(id: table) DROP CONSTRAINT IF EXISTS \(id: name)")],
      locks: [RelationLock(.accessExclusive, table)], undo: .nothing)
  }
}
