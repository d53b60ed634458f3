import PostgresClient
import SQLText
import Synchronization
import TestSupport
import Testing

@Suite(.database) struct QueryTests {
  @Test("values go in and come out as they are")
  func values() async throws {
    let connection = try await TestDatabase.current.connect()
    let odd = "ü 'quoted' \\ \"two\"\n😀", none: String? = nil
    let result = try await connection.query(
      "SELECT \(odd)::text AS odd, \(none as String?)::text AS none, ''::text AS empty, \(-7)::int AS number, \(true)::bool AS yes")
    let row = try #require(result.rows.first)
    #expect(row["odd"] == odd)
    #expect(row.values == [odd, nil, "", "-7", "t"])
    #expect(result.tag == "SELECT 1")
  }

  @Test("the tag and the number of rows are told")
  func tags() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.query("CREATE TABLE t (id int)")
    let inserted = try await connection.query("INSERT INTO t SELECT generate_series(1, 5)")
    #expect(inserted.tag == "INSERT 0 5")
    #expect(inserted.affected == 5)
    #expect(try await connection.execute("UPDATE t SET id = id WHERE id > \(2)") == 3)
    #expect(try await connection.execute("CREATE TABLE u ()") == 0)
  }

  @Test("a big result and a big value pass")
  func big() async throws {
    let connection = try await TestDatabase.current.connect()
    #expect(try await connection.query("SELECT g, repeat('x', 50) FROM generate_series(1, 50000) g").rows.count == 50_000)
    let text = String(repeating: "é", count: 2_000_000)
    #expect(try await connection.query("SELECT length(\(text)::text)").value == "2000000")
    #expect(try await connection.query("SELECT repeat('é', 2000000)").value == text)
  }

  @Test("text with a zero byte is refused instead of cut")
  func zeroByte() async throws {
    let connection = try await TestDatabase.current.connect()
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT \("a\0b")::text") }
    #expect(error?.sqlState == "22021")
  }

  @Test("one call is one statement; a script has many")
  func scripts() async throws {
    let connection = try await TestDatabase.current.connect()
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1; SELECT 2") }
    #expect(error?.sqlState == "42601")
    let results = try await connection.script("CREATE TABLE a (id int); INSERT INTO a VALUES (1), (2); SELECT * FROM a")
    #expect(results.map(\.tag) == ["CREATE TABLE", "INSERT 0 2", "SELECT 2"])
    await #expect(throws: PostgresError.self) { try await connection.script("DROP TABLE a; SELECT 1/0; SELECT 1") }
    #expect(try await connection.query("SELECT count(*) FROM a").value == "2", "a script without BEGIN is one transaction")
  }

  @Test("an error has its fields, and keeps row values out of its description")
  func errors() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.query("CREATE TABLE t (id int CONSTRAINT positive CHECK (id > 0), mail text)")
    let error = await #expect(throws: PostgresError.self) {
      try await connection.query("INSERT INTO t VALUES (\(-1)::int, \("jane@example.org"))")
    }
    let thrown = try #require(error)
    #expect(thrown.kind == .server)
    #expect(thrown.sqlState == "23514")
    #expect(thrown.severity == "ERROR")
    #expect(thrown.constraint == "positive" && thrown.table == "t" && thrown.schema == "public")
    #expect(thrown.detail?.contains("jane@example.org") == true)
    #expect(!"\(thrown)".contains("jane"))
    #expect(thrown.statement?.contains("jane") == false)
    #expect("\(thrown)".hasSuffix("(SQLSTATE 23514)"))
    let misspelt = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1 FRO t") }
    #expect(misspelt?.position == 14 || misspelt?.position == 10)
    #expect(try await connection.query("SELECT 1").value == "1", "the connection is good after an error")
  }

  @Test("COPY in the wrong place is refused and the connection stays usable", arguments: [
    "COPY (SELECT generate_series(1, 100000)) TO STDOUT", "COPY t FROM STDIN",
  ])
  func strayCopy(sql: String) async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.query("CREATE TABLE t (id int)")
    let error = await #expect(throws: PostgresError.self) { try await connection.query(SQL(verbatim: sql)) }
    #expect(error?.kind == .protocolViolation)
    await #expect(throws: PostgresError.self) { try await connection.script(sql) }
    #expect(try await connection.query("SELECT count(*) FROM t").value == "0")
  }

  @Test("notices reach their handler, in order and without their DETAIL")
  func notices() async throws {
    let seen = Mutex<[Notice]>([])
    let connection = try await TestDatabase.current.connect(
      ConnectionSettings(onNotice: { notice in seen.withLock { $0.append(notice) } }))
    try await connection.query("DO $$ BEGIN RAISE NOTICE 'one' USING DETAIL = 'secret'; RAISE WARNING 'two'; END $$")
    #expect(seen.withLock { $0.map(\.message) } == ["one", "two"])
    #expect(seen.withLock { $0.map(\.severity) } == ["NOTICE", "WARNING"])
    await connection.onNotice(nil)
    try await connection.query("DO $$ BEGIN RAISE NOTICE 'three'; END $$")
    #expect(seen.withLock { $0.count } == 2)
  }

  @Test("a prepared statement is parsed once and survives what invalidates it")
  func prepared() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.query("CREATE TABLE t (id int)")
    for number in 1...3 { try await connection.preparedQuery("INSERT INTO t VALUES (\(number)::int)") }
    #expect(try await connection.query("SELECT count(*) FROM pg_prepared_statements").value == "1")
    #expect(try await connection.preparedQuery("SELECT * FROM t").rows.count == 3)
    try await connection.query("ALTER TABLE t ADD more int")
    let stale = await #expect(throws: PostgresError.self) { try await connection.preparedQuery("SELECT * FROM t") }
    #expect(stale?.sqlState == "0A000")
    #expect(try await connection.preparedQuery("SELECT * FROM t").rows[0].columns == ["id", "more"])
    try await connection.query("DISCARD ALL")
    await #expect(throws: PostgresError.self) { try await connection.preparedQuery("SELECT * FROM t") }
    #expect(try await connection.preparedQuery("SELECT * FROM t").rows.count == 3)
  }

  @Test("a backend that is terminated is a lost connection with its SQLSTATE")
  func terminated() async throws {
    let database = TestDatabase.current
    let connection = try await database.connect()
    try await database.sql("SELECT pg_terminate_backend(\(connection.backendPID), 5000)")
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
    #expect(error?.kind == .connection)
    #expect(error?.sqlState == "57P01")
    #expect(await !connection.isOpen)
    await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
  }
}
