import Journal
import JSONText
import PlanModel
import PluginAPI
import PostgresClient
import SQLText

/// Decides what became of an autocommit statement by looking: at live backends first, then at the catalog.
struct InDoubt {
  enum Verdict { case done, runAgain }

  let context: TaskContext
  let work: AutocommitWork

  /// After a crash or a lost connection: wait for the old backend, then settle.
  func decide(on session: Connection) async throws -> Verdict {
    try await waitForOldBackend(on: session)
    return try await settle(on: session)
  }

  /// Probe, clean up, record: `done`, or `pending` again.
  func settle(on session: Connection) async throws -> Verdict {
    guard let probe = work.probe else {
      throw NeedsPerson(
        reason: "it is not known whether `\(context.operation.title)` took effect, and the step has no probe")
    }
    var cleaned = false
    while true {
      let (state, detail) = try await ask(probe, on: session)
      switch state {
      case "complete":
        try await session.fenced(JournalSQL.inDoubtDecided(context.holding, task: context.task.task, .complete))
        return .done
      case "absent":
        try await session.fenced(JournalSQL.inDoubtDecided(context.holding, task: context.task.task, .absent))
        return .runAgain
      case "partial" where !cleaned:
        context.report(.notice(step: context.step.id, text: "removing what an unfinished run left: \(detail)"))
        for statement in work.cleanup { try await remove(statement, on: session) }
        cleaned = true
      case "running":
        context.report(.notice(step: context.step.id, text: "waiting for a run still in progress: \(detail)"))
        try await pause(milliseconds: 1_000)
      default:
        throw NeedsPerson(reason: "\(context.operation.title): \(detail.isEmpty ? state : detail)")
      }
    }
  }

  private func ask(_ probe: SQL, on session: Connection) async throws -> (String, String) {
    guard let row = try await session.query(probe).rows.first, let state = row[0] else {
      throw NeedsPerson(reason: "the probe of `\(context.operation.title)` gave no answer")
    }
    return (state, row[1] ?? "")
  }

  /// It may have to wait for old snapshots as the statement itself: a stop ends it, and the next run cleans up.
  private func remove(_ statement: SQL, on session: Connection) async throws {
    let stop = context.workshop.stop
    if stop.stage == .cancel { throw Interrupted() }
    if let role = context.workshop.target.address.role { _ = try await session.query("SET ROLE \(id: role)") }
    let key = context.workshop.inFlight.begin(step: context.step.id, pid: Int(session.backendPID))
    let quiet = stop.canceling(session.cancelToken)
    defer {
      context.workshop.inFlight.end(key)
      quiet()
    }
    do {
      _ = try await session.query(statement)
    } catch {
      if error.kind == .canceled, stop.isRequested { throw Interrupted() }
      // A killed run's own clean-up, still going on in the server, may have been faster.
      guard error.sqlState == "42704" else { throw error }
    }
    _ = try await session.query("RESET ROLE")
  }

  /// The server may go on alone after its client died (measured: an index turned valid seconds later).
  private func waitForOldBackend(on session: Connection) async throws {
    guard let intent = context.task.intent, let pid = intent["pid"]?.int, let start = intent["backend_start"]?.string
    else { return }
    var told = false
    while true {
      let alive = try await session.query(
        """
        SELECT EXISTS (SELECT FROM pg_stat_activity
          WHERE pid = \(pid)::int AND backend_start = \(start)::timestamptz AND pid <> pg_backend_pid())
        """)
      guard alive.value == "t" else { return }
      if !told {
        context.report(.notice(step: context.step.id, text: "backend \(pid) of the earlier run is still at work; waiting for it"))
      }
      told = true
      try await pause(milliseconds: 500)
    }
  }

  private func pause(milliseconds: Int) async throws {
    await context.workshop.stop.sleep(milliseconds: milliseconds)
    if context.workshop.stop.isRequested { throw Interrupted() }
  }
}
