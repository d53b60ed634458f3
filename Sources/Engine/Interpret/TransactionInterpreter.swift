import Journal
import PlanModel
import PluginAPI
import PostgresClient
import SQLText

/// Statements and their journal row in one transaction: exactly once.
struct TransactionInterpreter {
  let context: TaskContext
  let work: TransactionWork

  func run(on connection: Connection) async throws {
    let transaction = WorkTransaction(
      context: context, isolation: work.isolation, entry: work.entry, settings: work.settings,
      statementTimeout: context.statementTimeout)
    let results = try await transaction.run(work.statements.map(\.sql), on: connection, judge: check)
    do {
      try check(results)
    } catch {
      await connection.rollback()
      throw error
    }
    let rows = results.reduce(0) { $0 + ($1.tag.hasPrefix("SELECT") ? 0 : $1.affected) }
    try await transaction.commit(
      JournalSQL.taskDone(
        context.holding, task: context.task.task, rows: rows, stall: context.stallsOthers ? context.stalled : nil),
      on: connection)
  }

  @Sendable private func check(_ results: [QueryResult]) throws {
    for (statement, result) in zip(work.statements, results) {
      guard let problem = statement.expect.problem(with: result) else { continue }
      let message = "\(statement.message ?? "expectation not met"): \(problem)"
      if statement.onMismatch == .retryPhase { throw PhaseRetry(reason: message) }
      throw EngineError(.failed, message, step: context.step.id, operation: context.operation.title)
    }
  }
}

extension Expectation {
  /// `nil` when the result is as expected. Row contents never become part of the text.
  func problem(with result: QueryResult) -> String? {
    switch self {
    case .any: return nil
    case .rows(let wanted):
      return result.affected == wanted ? nil : "\(wanted) rows expected, \(result.affected) found"
    case .isTrue:
      if result.value == "t" { return nil }
      return "true expected, \(result.value == "f" ? "false" : result.value == nil ? "nothing" : "something else") found"
    }
  }
}
