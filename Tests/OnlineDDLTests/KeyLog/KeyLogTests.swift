import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

/// A key of some type: its columns in the table, and a value for the row `g`.
struct KeyCase: CustomTestStringConvertible, Sendable {
  var name: String
  var columns: [(name: String, type: String, value: String)]
  var testDescription: String { name }

  init(_ name: String, _ columns: (String, String, String)...) {
    self.name = name
    self.columns = columns.map { (name: $0.0, type: $0.1, value: $0.2) }
  }

  static let all = [
    KeyCase("bigint", ("id", "bigint", "g")),
    KeyCase("uuid", ("id", "uuid", "md5(g::text)::uuid")),
    KeyCase("text in a quoted name", ("The \"id\"", "text", "'ä''\\\"(,' || g")),
    KeyCase("text by a collation", ("id", "text COLLATE \"C\"", "'A' || g")),
    KeyCase("char", ("id", "char(8)", "'c' || g")),
    KeyCase("numeric", ("id", "numeric", "g / 7.0")),
    KeyCase("float", ("id", "float8", "g / 7.0")),
    KeyCase("timestamptz", ("id", "timestamptz", "timestamptz '2026-01-01 UTC' + g * interval '1.000001 s'")),
    KeyCase("bytea", ("id", "bytea", "decode(md5(g::text), 'hex')")),
    KeyCase("enum and int", ("id", "mood", "(ARRAY['b','a','c'])[1 + g % 3]::mood"), ("n", "int", "g")),
    KeyCase("domain that takes no NULL", ("id", "code", "g")),
    KeyCase("composite in another order", ("b", "int", "g % 5"), ("a", "text", "'a' || g")),
    KeyCase("n, k1 and marker", ("n", "int", "g % 2"), ("k1", "int", "g"), ("marker", "boolean", "g % 3 = 0")),
    KeyCase("partition key inside", ("id", "bigint", "g"), ("day ", "date", "date '2026-01-05' + g % 70")),
  ]
}

@Suite("key log", .database) struct KeyLogTests {
  private let columnsBesides = ["day ", "v", "pad"]

  /// A source of 100 rows keyed that way and a copy of monthly leaves.
  private func make(_ key: KeyCase) async throws -> Followed {
    let database = TestDatabase.current
    let isInside = key.columns.contains { $0.name == "day " }
    let defined = key.columns.map { "\(Quoting.identifier($0.name)) \($0.type) NOT NULL" }.joined(separator: ", ")
    let names = key.columns.map { Quoting.identifier($0.name) }.joined(separator: ", ")
    let values = key.columns.map(\.value).joined(separator: ", ")
    try await database.script(
      """
      CREATE SCHEMA "Odd"; CREATE TYPE mood AS ENUM ('b', 'a', 'c'); CREATE DOMAIN code AS int NOT NULL;
      CREATE TABLE "Odd"."S ""1" (\(defined)\(isInside ? "" : ", \"day \" date NOT NULL"), v int, pad text,
        g int GENERATED ALWAYS AS (v * 2) STORED, PRIMARY KEY (\(names)));
      INSERT INTO "Odd"."S ""1" (\(names)\(isInside ? "" : ", \"day \""), v, pad)
      SELECT \(values)\(isInside ? "" : ", date '2026-01-05' + g % 70"), g, CASE WHEN g % 2 = 0 THEN '' END
      FROM generate_series(1, 100) g;
      CREATE TABLE "Odd".copy (LIKE "Odd"."S ""1" INCLUDING GENERATED) PARTITION BY RANGE ("day ");
      CREATE TABLE "Odd".copy_jan PARTITION OF "Odd".copy FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
      CREATE TABLE "Odd".copy_feb PARTITION OF "Odd".copy FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
      CREATE TABLE "Odd".copy_rest PARTITION OF "Odd".copy DEFAULT;
      """)
    let source = QualifiedName("Odd", "S \"1")
    let columns = try await ReadOnlyFacts.with(database) { facts in
      (
        key: try await LoggedColumn.read(key.columns.map(\.name), of: source, facts),
        partition: try await LoggedColumn.read(["day "], of: source, facts)
      )
    }
    #expect(columns.key.map(\.name) == key.columns.map(\.name))
    let log = KeyLog(
      source: source, copy: QualifiedName("Odd", "copy"), primaryKey: columns.key, partitionKey: columns.partition[0],
      columns: key.columns.map(\.name) + columnsBesides.filter { name in !key.columns.contains { $0.name == name } },
      name: "r1 \"odd")
    return Followed(log: log)
  }

  /// Changes of every sort: to NULL, of the key, of the partition, there and back, gone and back.
  private func change(_ key: KeyCase) async throws {
    let first = key.columns[key.columns.count - 1]
    let moved = first.name == "marker" || first.name == "day " ? key.columns[key.columns.count - 2] : first
    let names = key.columns.map { Quoting.identifier($0.name) }.joined(separator: ", ")
    func of(_ numbers: String) -> String {
      "(\(names)) IN (SELECT \(key.columns.map { "(\($0.value))::\($0.type)" }.joined(separator: ", ")) FROM unnest(ARRAY[\(numbers)]) g)"
    }
    let table = "\"Odd\".\"S \"\"1\""
    try await TestDatabase.current.script(
      """
      UPDATE \(table) SET v = NULL, pad = NULL WHERE \(of("1, 2, 50"));
      UPDATE \(table) SET "day " = "day " + 31 WHERE \(of("3, 4, 51"));
      UPDATE \(table) SET "day " = "day " + 31 WHERE \(of("5"));
      UPDATE \(table) SET "day " = "day " - 31 WHERE \(of("5"));
      UPDATE \(table) SET "day " = '2020-02-02' WHERE \(of("6"));
      DELETE FROM \(table) WHERE \(of("7, 8, 52"));
      UPDATE \(table) SET \(Quoting.identifier(moved.name)) = (SELECT \(moved.value) FROM (SELECT 990 AS g) x) WHERE \(of("9"));
      INSERT INTO \(table) (\(names)\(names.contains("day ") ? "" : ", \"day \""), v, pad)
      SELECT \(key.columns.map(\.value).joined(separator: ", "))\(names.contains("day ") ? "" : ", date '2026-02-01'"), 7, 'new'
      FROM generate_series(200, 220) g;
      """)
  }

  @Test("rows of any key are copied and followed", arguments: KeyCase.all)
  func keys(key: KeyCase) async throws {
    let followed = try await make(key)
    let fingerprint = try await followed.begin()
    let hand = try await ChunkHand.open(size: 13)
    let first = try await hand.walk(followed.copy(fingerprint), atMost: 4)
    #expect(first.rows == 52)
    try await change(key)
    try await hand.walk(followed.copy(fingerprint), from: first.cursor)
    #expect(try await followed.differences() > 0)
    try await hand.run(followed.replay(limited: true))
    #expect(try await followed.differences() == 0)
    #expect(try await followed.backlog() == 0)
    #expect(try await hand.run(followed.verification()) > 90)
    #expect(try await followed.database.text("SELECT recopied FROM \(id: followed.log.state)") == "0")
    // Alone with a marker, then with what came back.
    try await followed.database.script("TRUNCATE \"Odd\".\"S \"\"1\"")
    try await change(key)
    try await hand.run(followed.replay())
    #expect(try await followed.differences() == 0)
  }

  @Test("without the index of the pair, a replay after the last chunk is enough", arguments: KeyLog.CopyOrder.allCases)
  func unkeyed(order: KeyLog.CopyOrder) async throws {
    let followed = try await make(KeyCase.all[0])
    // Many blocks, and room in the last ones: rows that change move there, and are met again.
    try await followed.database.script(
      """
      INSERT INTO "Odd"."S ""1" SELECT g, date '2026-01-05' + g % 70, g, repeat('x', 300) FROM generate_series(2000, 3200) g;
      DELETE FROM "Odd"."S ""1" WHERE id BETWEEN 3000 AND 3190;
      """)
    try await followed.database.sql("VACUUM (TRUNCATE off) \"Odd\".\"S \"\"1\"")
    let fingerprint = try await followed.begin(keyed: false)
    let hand = try await ChunkHand.open(size: 90)
    let work = followed.copy(fingerprint, order: order, keyed: false)
    let slice = try await hand.slices(work).first ?? nil
    let first = try await hand.walk(work, slice: slice, atMost: 4)
    #expect(!first.isOver)
    try await change(KeyCase.all[0])
    try await followed.database.script("UPDATE \"Odd\".\"S \"\"1\" SET pad = repeat('y', 300) WHERE id BETWEEN 2000 AND 2120")
    try await hand.walk(work, from: first.cursor, slice: slice)
    if order == .blocks {
      let twice = "SELECT count(*) > 0 FROM (SELECT FROM \"Odd\".copy GROUP BY id HAVING count(*) > 1) x"
      #expect(try await followed.database.text(SQL(verbatim: twice)) == "t")
    }
    try await hand.run(followed.replay(indexed: false))
    #expect(try await followed.differences() == 0)
  }

  @Test("slices together bring each row once, also what comes beyond the outermost bounds", arguments: KeyLog.CopyOrder.allCases)
  func slices(order: KeyLog.CopyOrder) async throws {
    let followed = try await make(KeyCase.all[0])
    let fingerprint = try await followed.begin()
    let work = followed.log.copyWork(
      order: order, fingerprint: fingerprint, keyed: true, target: .milliseconds(250), workers: 3)
    let hand = try await ChunkHand.open(size: 9)
    let draw = try #require(work.slices)
    let slices = try await hand.connection.query(draw).rows.map { $0[0] }
    #expect(slices.count == (order == .primaryKey ? 12 : 1))
    try await followed.database.script(
      "INSERT INTO \"Odd\".\"S \"\"1\" VALUES (-5, '2026-01-09', 1, 'low'), (5000, '2026-02-09', 1, 'high')")
    for slice in slices.reversed() { try await hand.walk(work, slice: slice) }
    #expect(try await followed.differences() == 0)
    #expect(try await followed.database.text(try #require(work.total)) == "0")
    try await followed.database.script("ANALYZE")
    #expect(try await followed.database.text(try #require(work.total)) == "102")
  }

  @Test("an empty source is copied at once", arguments: KeyLog.CopyOrder.allCases, [1, 3])
  func empty(order: KeyLog.CopyOrder, workers: Int) async throws {
    let followed = try await make(KeyCase.all[0])
    try await followed.database.script("TRUNCATE \"Odd\".\"S \"\"1\"")
    let fingerprint = try await followed.begin()
    let hand = try await ChunkHand.open()
    let work = followed.log.copyWork(
      order: order, fingerprint: fingerprint, keyed: true, target: .milliseconds(250), workers: workers)
    #expect(try await hand.run(work) == 0)
    #expect(try await followed.database.text(followed.log.lastWriter) != nil)
    #expect(try await hand.run(followed.verification()) == 0)
  }

  @Test("everything the log made goes with it")
  func drop() async throws {
    let followed = try await make(KeyCase.all[0])
    _ = try await followed.begin()
    let statements = followed.log.dropCapture(from: followed.log.source) + followed.log.drop
    for statement in statements + statements { try await followed.database.sql(statement) }
    let left: SQL = """
      SELECT count(*) FROM pg_depend d WHERE d.refobjid = 'caisson'::regnamespace
      """
    #expect(try await followed.database.text(left) == "0")
    #expect(try await followed.database.text("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == "0")
  }
}
