import Journal
import JSONText
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// One statement that refuses a transaction block: intent first, then the statement, then the record.
///
/// After a crash nobody guesses: the backend named in the intent must be gone and the probe must have looked at the
/// catalog before anything runs again. What a failed run left is removed before the next try.
struct AutocommitInterpreter {
  let context: TaskContext
  let work: AutocommitWork

  func run() async throws {
    let session = try await context.workshop.target.session(purpose: context.sessionName)
    do {
      if context.task.state == .inDoubt || context.task.state == .intent {
        if context.task.state == .intent {
          try await session.fenced(JournalSQL.intentInDoubt(context.holding, task: context.task.task))
        }
        if try await InDoubt(context: context, work: work).decide(on: session) == .done { return await session.close() }
      }
      try await execute(on: session)
      await session.close()
    } catch {
      await session.close()
      throw error
    }
  }

  private func execute(on session: Connection) async throws {
    try await session.fenced(JournalSQL.intent(context.holding, task: context.task.task, ["statement": .string(work.statement.text)]))
    try await prepare(session)
    do {
      try await statement(on: session)
    } catch let error as PostgresError where error.isConnectionLoss {
      throw error
    } catch {
      try await afterFailure(on: session, error)
      return
    }
    try await reset(session)
    try await session.fenced(JournalSQL.intentDone(context.holding, task: context.task.task))
  }

  private func prepare(_ session: Connection) async throws {
    var settings = [
      Setting("lock_timeout", String(work.lockTimeout?.milliseconds ?? 0)),
      Setting("statement_timeout", String(timeout.milliseconds)),
    ]
    settings += work.settings + context.policy.holdingBack
    for setting in settings {
      _ = try await session.query("SELECT set_config(\(setting.name), \(setting.value), false)")
    }
    if let role = context.workshop.target.address.role { _ = try await session.query("SET ROLE \(id: role)") }
  }

  private func reset(_ session: Connection) async throws {
    _ = try await session.query("RESET ROLE")
    _ = try await session.query("RESET ALL")
    try await session.pinForSession()
  }

  private var timeout: Duration {
    work.statementTimeout?.duration ?? context.policy.statementLimit ?? .zero
  }

  private func statement(on session: Connection) async throws {
    let inFlight = context.workshop.inFlight
    let key = inFlight.begin(step: context.step.id, pid: Int(session.backendPID), progress: work.progress)
    let quiet = context.workshop.stop.canceling(session.cancelToken)
    defer {
      inFlight.end(key)
      quiet()
    }
    _ = try await session.query(work.statement)
  }

  /// The statement failed and the session lives: the catalog says what is left of it.
  private func afterFailure(on session: Connection, _ error: any Error) async throws {
    try await reset(session)
    try await session.fenced(JournalSQL.intentInDoubt(context.holding, task: context.task.task))
    guard work.probe != nil else {
      // The server said no: without a probe that answer is all there is to know.
      try await session.fenced(JournalSQL.inDoubtDecided(context.holding, task: context.task.task, .absent))
      throw error
    }
    if try await InDoubt(context: context, work: work).settle(on: session) == .done { return }
    throw error
  }
}

extension TaskContext {
  /// Shown in `pg_stat_activity`: run, step and fence of who is at work.
  var sessionName: String { "\(run.prefix(8))/\(step.id.prefix(30))/\(holding.fence)" }
}

extension Connection {
  /// Runs a journal statement that returns a row; no row means that the fence is not ours any more.
  @discardableResult
  func fenced(_ statement: SQL) async throws -> Row {
    guard let row = try await query(statement).rows.first else { throw Replaced() }
    return row
  }
}
