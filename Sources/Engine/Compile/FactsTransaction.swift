package import PostgresClient
package import SQLText

/// One READ ONLY, REPEATABLE READ transaction that steps are compiled against.
///
/// It begins with the first question and must end before any operation runs: a snapshot left open would make every
/// concurrent index build wait.
package actor FactsTransaction {
  private let connection: Connection
  private var open = false
  private var keepsPlans = false

  package init(_ connection: Connection) { self.connection = connection }

  /// Planning a question about the catalog takes longer than answering it (8 ms of 10 for indexes): `keepingPlan` plans it
  /// once a session, whatever its values. What is asked of the application's rows is planned for the values at hand.
  package func rows(_ query: SQL, keepingPlan: Bool = false) async throws -> [Row] {
    do {
      try await begin()
      if keepingPlan, !connection.isPooled {
        try await keepPlans(true)
        return try await connection.preparedQuery(query).rows
      }
      try await keepPlans(false)
      return try await connection.query(query).rows
    } catch {
      await end()
      throw error
    }
  }

  private func begin() async throws {
    guard !open else { return }
    (open, keepsPlans) = (true, false)
    _ = try await connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    // Programs that only look take half a minute at most; a snapshot must not outlive a client that has vanished.
    let pins = PinnedSettings(
      searchPath: WorkSession.searchPath, statementTimeout: .seconds(60), lockTimeout: .seconds(5),
      idleInTransactionTimeout: .seconds(120))
    _ = try await connection.query(pins.sql(forVersion: connection.serverVersion))
  }

  private func keepPlans(_ keeps: Bool) async throws {
    guard keepsPlans != keeps else { return }
    keepsPlans = keeps
    _ = try await connection.query("SET LOCAL plan_cache_mode TO \(sql: keeps ? "force_generic_plan" : "DEFAULT")")
  }

  package func end() async {
    guard open else { return }
    open = false
    _ = try? await connection.query("ROLLBACK")
  }
}
