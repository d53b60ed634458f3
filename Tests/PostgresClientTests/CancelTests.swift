import PostgresClient
import SQLText
import Synchronization
import TestSupport
import Testing

@Suite(.database, .ownTime(.minutes(8))) struct CancelTests {
  @Test("a cancelled task ends its statement, and the connection stays good")
  func task() async throws {
    let connection = try await TestDatabase.current.connect()
    let task = Task { try await connection.query("SELECT pg_sleep(1000)") }
    try await waitUntilActive(connection.backendPID)
    task.cancel()
    let error = await #expect(throws: PostgresError.self) { try await task.value }
    #expect(error?.kind == .canceled)
    #expect(error?.sqlState == "57014")
    #expect(try await connection.query("SELECT 1").value == "1")
  }

  @Test("the token ends what runs now, and nothing when nothing runs")
  func token() async throws {
    let connection = try await TestDatabase.current.connect()
    connection.cancelToken.cancel()
    #expect(try await connection.query("SELECT 1").value == "1")
    let task = Task { try await connection.query("SELECT pg_sleep(1000)") }
    try await waitUntilActive(connection.backendPID)
    connection.cancelToken.cancel()
    let error = await #expect(throws: PostgresError.self) { try await task.value }
    #expect(error?.kind == .canceled)
  }

  @Test("a timeout of the server is no cancellation of ours")
  func statementTimeout() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.query("SET statement_timeout = 50")
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT pg_sleep(1000)") }
    #expect(error?.kind == .statementTimeout)
    #expect(error?.sqlState == "57014")
  }

  @Test("a task cancelled before its statement sends nothing")
  func before() async throws {
    let connection = try await TestDatabase.current.connect()
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      try await connection.query("CREATE TABLE never ()")
    }
    task.cancel()
    let error = await #expect(throws: PostgresError.self) { try await task.value }
    #expect(error?.kind == .canceled)
    #expect(try await connection.query("SELECT to_regclass('never')").value == nil)
  }

  @Test("cancelling a transaction's task rolls it back")
  func transaction() async throws {
    let database = TestDatabase.current
    try await database.sql("CREATE TABLE t (id int)")
    let connection = try await database.connect()
    let task = Task {
      await connection.transaction { connection in
        try await connection.query("INSERT INTO t VALUES (1)")
        try await connection.query("SELECT pg_sleep(1000)")
      }
    }
    try await waitUntilActive(connection.backendPID)
    task.cancel()
    guard case .rolledBack = await task.value else {
      Issue.record("rolled back expected")
      return
    }
    #expect(try await database.sql("SELECT count(*) FROM t").value == "0")
  }

  @Test("a cancelled pipeline reports the batch it hit")
  func pipeline() async throws {
    let connection = try await TestDatabase.current.connect()
    let task = Task { try await connection.pipeline([["SELECT 1"], ["SELECT pg_sleep(1000)"]]) }
    try await waitUntilActive(connection.backendPID)
    task.cancel()
    let outcomes = try await task.value
    #expect(outcomes[0].error == nil)
    #expect(outcomes[1].error?.sqlState == "57014")
    #expect(outcomes[1].error?.kind == .canceled)
  }

  @Test("200 cancels racing the end of their statements never hit the next statement")
  func races() async throws {
    let connection = try await TestDatabase.current.connect()
    var hit = 0
    for round in 0..<200 {
      let task = Task { try await connection.query("SELECT pg_sleep(\(Double(round % 20) / 4000))") }
      let canceler = Task {
        try await Task.sleep(for: .microseconds(round * 37 % 6000))
        task.cancel()
      }
      do {
        _ = try await task.value
      } catch let error as PostgresError {
        #expect(error.kind == .canceled)
        hit += 1
      }
      try await connection.query("SELECT pg_sleep(0.001)")
      try await canceler.value
    }
    #expect(hit > 0 && hit < 200, "\(hit) of 200 were cancelled: no race was tried")
  }

  private func waitUntilActive(_ pid: Int32) async throws {
    while true {
      let row = try await TestDatabase.current.sql(
        "SELECT 1 FROM pg_stat_activity WHERE pid = \(pid) AND state = 'active' AND wait_event = 'PgSleep'")
      if !row.rows.isEmpty { return }
      try await Task.sleep(for: .milliseconds(5))
    }
  }
}
