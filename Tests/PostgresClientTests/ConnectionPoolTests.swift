import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database, .ownTime(.minutes(8))) struct ConnectionPoolTests {
  @Test("no more connections than the limit, however many ask")
  func bounded() async throws {
    let pool = ConnectionPool(TestDatabase.current.target, limit: 3, settings: ConnectionSettings(applicationName: "pool"))
    let pids = try await withThrowingTaskGroup(of: Int32.self) { group in
      for _ in 0..<30 {
        group.addTask {
          try await pool.withConnection { connection in
            try await connection.query("SELECT pg_sleep(0.005)")
            return connection.backendPID
          }
        }
      }
      return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
    }
    #expect(pids.count <= 3 && !pids.isEmpty)
    await pool.close()
  }

  @Test("a broken connection is replaced, an open transaction is rolled back")
  func repaired() async throws {
    let database = TestDatabase.current
    let pool = ConnectionPool(database.target, limit: 1)
    let first = try await pool.withConnection { connection in
      try await connection.query("BEGIN")
      return connection.backendPID
    }
    let second = try await pool.withConnection { connection in
      #expect(await !connection.inTransaction)
      return connection.backendPID
    }
    #expect(first == second)
    _ = try? await pool.withConnection { try await $0.query("SELECT pg_terminate_backend(pg_backend_pid())") }
    let third = try await pool.withConnection { $0.backendPID }
    #expect(third != second)
    await pool.close()
  }

  @Test("who waits can be cancelled, and a failed connect gives its place back")
  func waiting() async throws {
    let pool = ConnectionPool(TestDatabase.current.target, limit: 1)
    try await pool.withConnection { _ in
      let waiter = Task { try await pool.withConnection { _ in } }
      try await Task.sleep(for: .milliseconds(20))
      waiter.cancel()
      let error = await #expect(throws: PostgresError.self) { try await waiter.value }
      #expect(error?.kind == .canceled)
    }
    let closed = ConnectionPool(ConnectionString("host=127.0.0.1 port=1"), limit: 1)
    for _ in 0..<2 { await #expect(throws: PostgresError.self) { try await closed.withConnection { _ in } } }
    await pool.close()
    await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
  }
}
