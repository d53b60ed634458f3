import Journal
import PluginAPI
import PostgresClient
import SQLText

/// Statements and their journal row in one transaction: exactly once.
///
/// Two round trips: everything up to the last statement, then, when every expectation is met, record and COMMIT.
/// An answer to COMMIT that never came is settled by reading the task's row back.
struct TransactionInterpreter {
  let context: TaskContext
  let work: TransactionWork

  func run(on connection: Connection) async throws {
    let outcomes: [QueryResult]
    do {
      outcomes = try await context.budget.guarding(connection) {
        try await connection.batch(await opening(on: connection))
      }
      try check(Array(outcomes.suffix(work.statements.count)))
    } catch {
      await connection.rollback()
      throw error
    }
    try await commit(on: connection)
  }

  private func opening(on connection: Connection) async -> [SQL] {
    var batch: [SQL] = ["BEGIN ISOLATION LEVEL \(sql: work.isolation.rawValue)"]
    batch += await connection.openingStatements(
      lockTimeout: context.lockTimeout, statementTimeout: context.statementTimeout)
    batch.append(JournalSQL.prologue(context.key))
    batch += work.settings.map { "SELECT set_config(\($0.name), \($0.value), true)" }
    if let role = context.workshop.target.address.role { batch.append("SET LOCAL ROLE \(id: role)") }
    return batch + work.statements.map(\.sql)
  }

  private func check(_ results: [QueryResult]) throws {
    for (statement, result) in zip(work.statements, results) {
      guard let problem = statement.expect.problem(with: result) else { continue }
      let message = "\(statement.message ?? "expectation not met"): \(problem)"
      if statement.onMismatch == .retryPhase { throw PhaseRetry(reason: message) }
      throw EngineError(.failed, message, step: context.step.id, operation: context.operation.title)
    }
  }

  private func commit(on connection: Connection) async throws {
    do {
      _ = try await connection.batch(["RESET ROLE", JournalSQL.taskDone(context.key, result: nil), "COMMIT"])
    } catch let error as PostgresError where error.isConnectionLoss {
      throw CommitUnknown(error: error)
    } catch {
      await connection.rollback()
      throw error
    }
  }
}

/// COMMIT was sent and its answer never came: the journal knows.
struct CommitUnknown: Error, Sendable { let error: PostgresError }

extension Expectation {
  /// `nil` when the result is as expected.
  func problem(with result: QueryResult) -> String? {
    switch self {
    case .any: nil
    case .rows(let wanted): result.affected == wanted ? nil : "\(wanted) rows expected, \(result.affected) found"
    case .isTrue: result.value == "t" ? nil : "true expected, \(result.value.map { $0 == "f" ? "false" : "other" } ?? "nothing") found"
    }
  }
}
