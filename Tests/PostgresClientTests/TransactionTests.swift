import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database(template: "CREATE TABLE t (id int PRIMARY KEY, body text)"))
struct TransactionTests {
  @Test("a body that returns is committed with its value")
  func committed() async throws {
    let connection = try await TestDatabase.current.connect()
    let outcome = await connection.transaction { try await $0.query(insert(1)).affected }
    #expect(try outcome.get() == 1)
    #expect(try await connection.query("SELECT count(*) FROM t").value == "1")
  }

  @Test("a body that throws is rolled back, whatever it throws")
  func rolledBack() async throws {
    struct Other: Error {}
    let connection = try await TestDatabase.current.connect()
    let outcome: CommitOutcome<Void> = await connection.transaction { connection in
      try await connection.query(insert(1))
      throw Other()
    }
    #expect(throws: Other.self) { try outcome.get() }
    #expect(await !connection.inTransaction)
    #expect(try await connection.query("SELECT count(*) FROM t").value == "0")
  }

  @Test("a body that hides its error does not pass for committed")
  func swallowed() async throws {
    let connection = try await TestDatabase.current.connect()
    let outcome = await connection.transaction { connection in
      try await connection.query(insert(1))
      _ = try? await connection.query("SELECT 1 / 0")
    }
    guard case .rolledBack = outcome else {
      Issue.record("rolled back expected")
      return
    }
    #expect(try await connection.query("SELECT count(*) FROM t").value == "0")
  }

  @Test("a COMMIT refused by a deferred constraint is rolled back, not unknown")
  func refusedCommit() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.query("CREATE TABLE r (id int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
    let outcome = await connection.transaction { _ = try await $0.query("INSERT INTO r VALUES (7)") }
    guard case .rolledBack(let error as PostgresError) = outcome else {
      Issue.record("rolled back expected")
      return
    }
    #expect(error.sqlState == "23503")
  }

  @Test("a COMMIT during which the connection dies is unknown")
  func unknown() async throws {
    let database = TestDatabase.current
    try await database.script(dyingCommit)
    let connection = try await database.connect()
    let outcome = await connection.transaction { _ = try await $0.query("INSERT INTO dying VALUES (1)") }
    guard case .unknown(let error) = outcome else {
      Issue.record("unknown expected")
      return
    }
    #expect(error.kind == .commitUnknown)
    #expect(error.isConnectionLoss)
    #expect(await !connection.isOpen)
  }

  @Test("a backend killed before COMMIT is sent is unknown to the client, too")
  func killedBefore() async throws {
    let database = TestDatabase.current
    let connection = try await database.connect()
    let outcome = await connection.transaction { connection in
      try await connection.query(insert(1))
      try await database.sql("SELECT pg_terminate_backend(\(connection.backendPID), 5000)")
    }
    guard case .unknown = outcome else {
      Issue.record("unknown expected")
      return
    }
    #expect(try await database.sql("SELECT count(*) FROM t").value == "0")
  }

  @Test("isolation and read only are stated", arguments: [IsolationLevel.readCommitted, .repeatableRead, .serializable])
  func isolation(level: IsolationLevel) async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.query("SET default_transaction_read_only = on")
    let row = try await connection.transaction(isolation: level, readOnly: false) {
      try await $0.query("SELECT current_setting('transaction_isolation') AS level, current_setting('transaction_read_only') AS ro").rows[0]
    }.get()
    #expect(row["level"]?.uppercased() == level.rawValue)
    #expect(row["ro"] == "off")
    let outcome = await connection.transaction(readOnly: true) { _ = try await $0.query(insert(1)) }
    guard case .rolledBack(let error as PostgresError) = outcome else {
      Issue.record("rolled back expected")
      return
    }
    #expect(error.sqlState == "25006")
  }

  @Test("pins hold in the transaction and not after it")
  func pins() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.script(
      "SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Tokyo'; SET search_path = public; SET synchronous_commit = off; SET jit = on")
    var pins = PinnedSettings(
      searchPath: "", statementTimeout: .seconds(5), lockTimeout: .microseconds(100), role: "pg_monitor")
    pins.deadlockTimeout = .milliseconds(50)
    pins.others = ["work_mem": "5MB"]
    let row = try await connection.transaction(pins: pins) { try await $0.query(Self.settings).rows[0] }.get()
    #expect(row.values == ["ISO, YMD", "UTC", "", "5s", "1ms", "on", "off", "50ms", "5MB", "pg_monitor", "off"])
    let after = try await connection.query(Self.settings).rows[0]
    #expect(after["date"] == "SQL, DMY" && after["zone"] == "Asia/Tokyo" && after["role"] == "none")
  }

  @Test("a direct session can be pinned as a whole")
  func sessionPins() async throws {
    let connection = try await TestDatabase.current.connect(
      ConnectionSettings(pins: PinnedSettings(searchPath: "pg_catalog", lockTimeout: .seconds(2))))
    let row = try await connection.query(Self.settings).rows[0]
    #expect(row["path"] == "pg_catalog" && row["lock"] == "2s")
  }

  @Test("a role's transaction_timeout is lifted where the server has one")
  func transactionTimeout() {
    let old = PinnedSettings().sql(forVersion: 150_000).text, new = PinnedSettings().sql(forVersion: 170_000).text
    #expect(!old.contains("transaction_timeout'"[...]) || old.contains("idle_in_transaction_session_timeout"))
    #expect(!old.contains("'transaction_timeout'"))
    #expect(new.contains("'transaction_timeout'"))
  }

  private static let settings: SQL = """
    SELECT current_setting('DateStyle') AS date, current_setting('TimeZone') AS zone,
      current_setting('search_path') AS path, current_setting('statement_timeout') AS statement,
      current_setting('lock_timeout') AS lock, current_setting('synchronous_commit') AS sync,
      current_setting('row_security') AS rls, current_setting('deadlock_timeout') AS deadlock,
      current_setting('work_mem') AS mem, current_setting('role') AS role, current_setting('jit') AS jit
    """
}
