import PostgresClient
import SQLText
import TestSupport
import Testing

extension TestDatabase {
  func text(_ query: SQL) async throws -> String? { try await sql(query).value }

  /// Until that session waits for a lock.
  func waiting(_ connection: Connection, within limit: Duration = .seconds(20)) async throws {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
      let query: SQL = "SELECT cardinality(pg_blocking_pids(\(connection.backendPID))) > 0"
      if try await text(query) == "t" { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it does not wait")
  }

  func connected(_ script: String = "SELECT 1") async throws -> Connection {
    let connection = try await connect()
    try await connection.script("SET statement_timeout = '20s'; \(script)")
    return connection
  }
}
