import PostgresClient
import SQLText
import TestSupport
import Testing

extension TestDatabase {
  func text(_ query: SQL) async throws -> String? { try await sql(query).value }

  /// Until that session waits for a lock.
  func waiting(_ connection: Connection) async throws {
    try await until("SELECT cardinality(pg_blocking_pids(\(connection.backendPID))) > 0")
  }

  func connected(_ script: String = "SELECT 1") async throws -> Connection {
    let connection = try await connect()
    try await connection.script("SET statement_timeout = '120s'; \(script)")
    return connection
  }
}
