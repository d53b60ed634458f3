package import PostgresClient
package import SQLText

/// One READ ONLY, REPEATABLE READ transaction that steps are compiled against.
///
/// It begins with the first question and must end before any operation runs: a snapshot left open would make every
/// concurrent index build wait.
package actor FactsTransaction {
  private let connection: Connection
  private var open = false

  package init(_ connection: Connection) { self.connection = connection }

  package func rows(_ query: SQL) async throws -> [Row] {
    do {
      try await begin()
      return try await connection.query(query).rows
    } catch {
      await end()
      throw error
    }
  }

  private func begin() async throws {
    guard !open else { return }
    open = true
    _ = try await connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    // Programs that only look take half a minute at most; a snapshot must not outlive a client that has vanished.
    let pins = PinnedSettings(
      searchPath: WorkSession.searchPath, statementTimeout: .seconds(60), lockTimeout: .seconds(5),
      idleInTransactionTimeout: .seconds(120))
    _ = try await connection.query(pins.sql(forVersion: connection.serverVersion))
  }

  package func end() async {
    guard open else { return }
    open = false
    _ = try? await connection.query("ROLLBACK")
  }
}
