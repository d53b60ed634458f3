import Journal
import PlanModel
import PluginAPI
import RunModel
import SQLText

/// Takes a run back: steps in reverse topological order, one after another.
struct UndoLoop {
  let session: RunSession

  private var shop: Workshop { session.shop }
  private var ledger: Ledger { session.ledger }
  private var plan: Plan { session.runner.resolved.plan }

  /// `to`: that step stays, with everything that was done before it.
  func run(to kept: String?, keeping named: Set<String> = [], reason: String?) async throws -> RunReport {
    let keeping = try await keptSteps(kept).union(named)
    try await begin(reason: reason)
    let graph = try Graph(await ledger.needs())
    for id in graph.undoOrder where !keeping.contains(id) {
      guard let step = plan[id] else { continue }
      if shop.stop.isRequested { return try await paused() }
      switch try await takeBack(step) {
      case .failed(let error): return try await failed(error)
      case .released: return try await paused()
      default: continue
      }
    }
    return try await finish(partly: !keeping.isEmpty)
  }

  /// What a step needs was done before it, so this is closed under `needs`.
  private func keptSteps(_ id: String?) async throws -> Set<String> {
    guard let id else { return [] }
    let steps = try await ledger.standings()
    guard let last = steps.first(where: { $0.step == id }) else { throw EngineError(.unknown, "the plan has no step \(id)") }
    guard last.state == .done else { throw EngineError(.refused, "step \(id) is \(last.state.rawValue), so there is no way back to it") }
    return Set(steps.filter { $0.state.isSatisfied && $0.changedAt <= last.changedAt }.map(\.step))
  }

  private static let undoable: [RunState] = [.queued, .running, .waiting, .paused, .failed, .succeeded, .canceled, .undoing, .rollbackFailed]

  /// The run turns first; then every step is locked once, so that no forward claim is in flight any more.
  private func begin(reason: String?) async throws {
    guard try await ledger.repeatable(
      JournalSQL.beginUndo(shop.run, from: Self.undoable, actor: shop.runner, reason: reason)).first != nil
    else { throw EngineError(.refused, "run \(shop.run.prefix(8)) has been rolled back or replaced already") }
    for _ in 0..<600 {
      guard let row = try await ledger.repeatable(JournalSQL.undoReady(shop.run)).first else { return }
      if try row.int("locked") == row.int("steps"), try row.int("held") == 0 { return }
      if try await !ledger.standings().contains(where: { $0.state == .running && !$0.leaseExpired && $0.holder != shop.runner }) { return }
      await shop.stop.sleep(milliseconds: 500)
      if shop.stop.isRequested { return }
    }
    throw EngineError(.held, "another runner is still at work on this run", hint: "wait for it, or stop it first")
  }

  /// Until there is nothing of it to take back any more. A step that a killed process holds is taken over as soon as
  /// the server has ended what it was doing.
  private func takeBack(_ step: PlanStep) async throws -> StepOutcome {
    for _ in 0..<240 {
      if let holding = try await claim(step) {
        let outcome = await carryOut(step, holding)
        if case .replaced = outcome { continue }
        return outcome
      }
      let record = try await ledger.step(step.id)
      guard record.attempt > 0, record.state != .undone else { return .done }
      if let host = record.host, host != ThisProcess.host {
        throw EngineError(
          .held, "step \(step.id) can be taken back on \(host) only", hint: "run caisson rollback there", step: step.id)
      }
      if record.state.isHeld, !record.leaseExpired, let holder = record.holder, holder != shop.runner {
        throw EngineError(.held, "another runner is taking step \(step.id) back", hint: "wait for it, or stop it first")
      }
      if shop.stop.isRequested { return .released(reason: "stopped") }
      await shop.stop.sleep(milliseconds: 250)
    }
    throw EngineError(
      .held, "step \(step.id) cannot be taken back yet: the server is still at work for the runner that had it",
      hint: "look for its session in pg_stat_activity, then run caisson rollback again", step: step.id)
  }

  /// From a runner that is gone, from nobody, or from ourselves where the answer to a claim was lost.
  private func claim(_ step: PlanStep) async throws -> Holding? {
    try await takeOver()
    let claim = JournalSQL.claimUndo(run: shop.run, step: step.id, runner: shop.runner, ttl: shop.target.address.lease)
    if let row = try await ledger.repeatable(claim).first {
      return try Holding(row, run: shop.run, direction: .undo, runner: shop.runner)
    }
    return try await ledger.ownHolding(of: step.id, .undo)
  }

  private func carryOut(_ step: PlanStep, _ holding: Holding) async -> StepOutcome {
    shop.reporter(.stepState(step: step.id, state: "undoing", note: nil))
    let undo = UndoRunner(shop: shop, compiler: session.compiler, ledger: ledger, step: step, holding: holding)
    let work = Task { await undo.run() }
    await session.leases.hold(holding.fence) { work.cancel() }
    let outcome = await work.value
    await session.leases.release(holding.fence)
    switch outcome {
    case .done: shop.reporter(.stepState(step: step.id, state: "undone", note: nil))
    case .failed(let error): shop.reporter(.stepState(step: step.id, state: "undo_failed", note: error.message))
    default: break
    }
    return outcome
  }

  /// Everything a dead runner left; forward work is given back, to be claimed for its undo.
  private func takeOver() async throws {
    let statement = JournalSQL.takeOver(run: shop.run, runner: shop.runner, ttl: shop.target.address.lease)
    while try await ledger.repeatable(statement).first != nil {}
    for record in try await ledger.standings() where record.state == .running && record.holder == shop.runner {
      guard let holding = try await ledger.ownHolding(of: record.step, .forward) else { continue }
      _ = try await ledger.repeatable(JournalSQL.release(holding, reason: "rollback"))
    }
  }

  // MARK: Ends

  private func finish(partly: Bool) async throws -> RunReport {
    if partly {
      let statement = JournalSQL.setRunState(
        shop.run, from: [.undoing], to: .paused, actor: shop.runner, reason: "rolled back in part")
      _ = try await ledger.repeatable(statement)
      return try await session.report(.rolledBack)
    }
    _ = try await ledger.repeatable(JournalSQL.finishRun(shop.run, actor: shop.runner))
    let state = try await ledger.runRecord().state
    guard state == .rolledBack else {
      throw EngineError(.failed, "the rollback has come to its end, and the run is \(state.rawValue)", hint: "caisson status")
    }
    return try await session.report(.rolledBack)
  }

  private func failed(_ error: EngineError) async throws -> RunReport {
    _ = try await ledger.repeatable(JournalSQL.finishRun(shop.run, actor: shop.runner))
    return try await session.report(.failed([error]))
  }

  private func paused() async throws -> RunReport { try await session.report(.interrupted) }
}
