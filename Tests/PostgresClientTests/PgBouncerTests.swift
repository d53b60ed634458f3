import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database, .enabled(if: TestPooler.isInstalled), .ownTime(.minutes(8)))
struct PgBouncerTests {
  @Test("a connection through a pooler knows it, and works")
  func pooled() async throws {
    try await withPooler { port in
      let target = ConnectionString(
        "host=127.0.0.1 port=\(port) user=postgres dbname=\(TestDatabase.current.name) password=irrelevant")
      let connection = try await Connection.connect(target, ConnectionSettings(applicationName: "pooled"))
      #expect(connection.isPooled)
      #expect(try await connection.preparedQuery("SELECT \(41)::int + 1").value == "42")
      #expect(try await connection.preparedQuery("SELECT \(42)::int + 1").value == "43")
      let outcomes = try await connection.pipeline([["BEGIN", "SELECT 1", "COMMIT"], ["SELECT 2"]], prepare: true)
      #expect(try outcomes[1].get()[0].value == "2")
      let task = Task { try await connection.query("SELECT pg_sleep(1000)") }
      try await Task.sleep(for: .milliseconds(200))
      task.cancel()
      let error = await #expect(throws: PostgresError.self) { try await task.value }
      #expect(error?.kind == .canceled)
    }
  }

  @Test("the admin console answers scripts")
  func console() async throws {
    try await withPooler { port in
      let target = ConnectionString("host=127.0.0.1 port=\(port) user=postgres dbname=pgbouncer password=irrelevant")
      let console = try await Connection.connect(target, ConnectionSettings(adminConsole: true))
      let rows = try await console.script("SHOW DATABASES")[0].rows
      #expect(rows.contains { $0["name"] == "pgbouncer" })
      try await console.script("RELOAD")
    }
  }

  private func withPooler(_ body: (Int) async throws -> Void) async throws {
    let pooler = try await TestPooler.start(TestDatabase.current.cluster)
    do {
      try await body(pooler.port)
    } catch {
      await pooler.stop()
      throw error
    }
    await pooler.stop()
  }
}
