import Journal
import JSONText
import PluginAPI
import PostgresClient
import SQLText

/// A transaction under a fence: everything up to the last statement in one round trip, then the record and COMMIT.
///
/// The task's row is updated first and stays locked: it is the proof that we are at work, which no heartbeat can give.
struct WorkTransaction {
  let context: TaskContext
  var isolation = TransactionWork.Isolation.readCommitted
  /// Before everything that takes a snapshot.
  var entry: [SQL] = []
  var settings: [Setting] = []
  var statementTimeout: Duration
  /// What a chunked task counted when its cursor was read.
  var chunks: Int64?

  /// Results of `statements`; the transaction stays open. Any error rolls it back, after `judge` has seen the results of
  /// those before it: what it throws explains more than an error that followed from it.
  func run(
    _ statements: [SQL], on connection: Connection, judge: @Sendable ([QueryResult]) throws -> Void = { _ in }
  ) async throws -> [QueryResult] {
    let opening = opening(on: connection)
    do {
      let results = try await context.budget.guarding(connection) {
        switch try await connection.pipeline([opening + statements])[0] {
        case .done(let results):
          try check(fence: results[fencePlace(opening)])
          return results
        case .failed(let error, _, let completed):
          // Whatever failed after a fence that is not ours says nothing about the work.
          if completed.count > fencePlace(opening) { try check(fence: completed[fencePlace(opening)]) }
          if error.sqlState != nil, completed.count > opening.count { try judge(Array(completed[opening.count...])) }
          throw error
        }
      }
      return Array(results.suffix(statements.count))
    } catch {
      await connection.rollback()
      throw error
    }
  }

  private func check(fence: QueryResult) throws {
    guard let row = fence.rows.first else { throw Replaced() }
    // A COMMIT whose answer was lost may come through after its cursor was read again.
    if let chunks, try row.int64("chunks") != chunks { throw TaskMoved() }
  }

  /// The record and COMMIT. An answer that never came is settled by reading the task's row.
  func commit(_ record: SQL, on connection: Connection) async throws {
    do {
      try await connection.batch(["RESET ROLE", record])
      try await connection.commit()
    } catch {
      await connection.rollback()
      throw error
    }
  }

  private func opening(on connection: Connection) -> [SQL] {
    var batch: [SQL] = ["BEGIN ISOLATION LEVEL \(sql: isolation.rawValue)"] 
    batch += connection.entering(entry, lockTimeout: context.lockTimeout, role: context.workshop.target.address.role)
    batch += connection.openingStatements(lockTimeout: context.lockTimeout, statementTimeout: statementTimeout)
    batch.append(JournalSQL.prologue(context.holding, task: context.task.task))
    batch += allSettings.map { "SELECT set_config(\($0.name), \($0.value), true)" }
    if let role = context.workshop.target.address.role { batch.append("SET LOCAL ROLE \(id: role)") }
    return batch
  }

  private var allSettings: [Setting] { settings + context.policy.holdingBack }

  private func fencePlace(_ opening: [SQL]) -> Int {
    opening.count - 1 - allSettings.count - (context.workshop.target.address.role == nil ? 0 : 1)
  }
}
