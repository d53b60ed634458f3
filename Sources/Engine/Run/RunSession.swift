import JSONText
import Journal
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import RunModel

/// One process at work on one run: registered as a runner, with a heartbeat and a watcher beside it.
struct RunSession {
  let runner: Runner
  let shop: Workshop
  let ledger: Ledger
  let leases: Leases
  let compiler: Compiler
  private let evidence: EvidenceGate?
  private let background: [Task<Void, Never>]

  static func open(_ runner: Runner, run: String, resumed: Bool) async throws -> RunSession {
    var identity = ThisProcess.identity()
    identity.labels = ["plan": .string(runner.resolved.planHash)]
    let ledger = Ledger(run: run, runner: identity.id, target: runner.target)
    _ = try await ledger.repeatable(JournalSQL.registerRunner(identity))
    let tag = try await ledger.tag(variant: runner.variant)
    let inFlight = InFlight()
    let stop = runner.stop.child()
    let shop = Workshop(
      run: run, tag: tag, runner: identity.id, target: runner.target, capabilities: try await runner.target.capabilities(),
      folder: runner.resolved.folder, accepting: Set(runner.resolved.environment.acceptIrreversible),
      guardian: runner.guardian, stop: stop, inFlight: inFlight,
      reporter: runner.reporter)
    let leases = Leases(target: runner.target, run: run, runner: identity.id, inFlight: inFlight, stop: stop)
    let ending = runner.resolved.environment.blockers.rule.map {
      BlockerEnding($0, run: run, runner: identity.id)
    }
    let watcher = Watcher(target: runner.target, inFlight: inFlight, ending: ending, reporter: runner.reporter)
    let sealer = SealingLoop(target: runner.target)
    let session = RunSession(
      runner: runner, shop: shop, ledger: ledger, leases: leases, compiler: try await runner.compiler(),
      evidence: runner.evidenceGate(),
      background: [Task { await leases.keep() }, Task { await watcher.run() }, Task { await sealer.run() }])
    try await ledger.buryDeadRunners()
    try await session.announce(resumed: resumed)
    return session
  }

  func close() async {
    for task in background { task.cancel() }
    for task in background { await task.value }
    _ = try? await ledger.query(JournalSQL.unregisterRunner(shop.runner))
    await ledger.close()
    await shop.target.close()
  }

  private var plan: Plan { runner.resolved.plan }

  private func announce(resumed: Bool) async throws {
    let states = Dictionary(uniqueKeysWithValues: try await ledger.standings().map { ($0.step, $0.state.rawValue) })
    shop.reporter(
      .runStarted(
        run: shop.run, plan: plan.name, environment: runner.resolved.environment.targetName,
        steps: plan.steps.map { .init(id: $0.id, kind: $0.uses, state: states[$0.id] ?? "pending") }, resumed: resumed))
  }

  // MARK: Forward

  /// `joining`: as one of several runners, who leave it to a person to resume what is paused or has failed.
  func proceed(until: String?, prepared: Preparation?, joining: Bool = false) async throws -> RunReport {
    if joining {
      _ = try await ledger.repeatable(
        JournalSQL.setRunState(shop.run, from: [.queued, .waiting], to: .running, actor: shop.runner))
    } else {
      guard try await ledger.repeatable(JournalSQL.resumeRun(shop.run, actor: shop.runner, host: ThisProcess.host)).first != nil else {
        return try await unresumable()
      }
      try await redoUndone()
    }
    let gatekeeper = try await gatekeeper()
    if let closed = try await gatekeeper.closedForAll() { return try await waiting([closed]) }
    let steps = try await ledger.standings()
    let prepared = if let prepared { prepared } else { try await prepareAgain(steps) }
    guard prepared.refusals.isEmpty else {
      // Nobody is at work on it; and it is not over.
      if !joining { try await pause("refused") }
      return try await report(.refused(prepared.refusals))
    }
    await runner.keepForecast(of: shop.run, prepared)
    let loop = RunLoop(
      shop: shop, plan: plan, compiler: compiler, ledger: ledger, leases: leases, prepared: prepared,
      gatekeeper: gatekeeper, width: runner.width, only: try wanted(until), planHash: runner.resolved.planHash,
      shown: try await ledger.shown(), isShared: joining)
    let watch = watch(gatekeeper)
    let outcome: Result<RunLoop.End, any Error>
    do {
      outcome = .success(try await loop.run(states: Dictionary(uniqueKeysWithValues: steps.map { ($0.step, $0.state) })))
    } catch { outcome = .failure(error) }
    watch?.cancel()
    let end = try outcome.get()
    return try await settle(end, until: until, joining: joining)
  }

  /// A firing has its own time: the environment's windows are for the plan's own runs.
  private var windows: [TimeWindow] { runner.variant.isEmpty ? runner.resolved.environment.windows : [] }

  private func gatekeeper() async throws -> Gatekeeper {
    try await Gatekeeper(
      shop: shop, plan: plan, compiler: compiler, ledger: ledger, windows: windows, limits: limits,
      evidence: evidence)
  }

  private var limits: Limits { runner.resolved.environment.limits }

  private func watch(_ gatekeeper: Gatekeeper) -> Task<Void, Never>? {
    let pauses = !windows.isEmpty && runner.resolved.environment.windowEnd == .pause
    guard pauses || !limits.isEmpty else { return nil }
    return Task { await ClosingWatch(gatekeeper: gatekeeper, pausesAtWindowEnd: pauses).run() }
  }

  private func waiting(_ gates: [ClosedGate]) async throws -> RunReport {
    let reason = gates.map(\.reason).joined(separator: "; ")
    let statement = JournalSQL.setRunState(
      shop.run, from: [.queued, .running], to: .waiting, actor: shop.runner, reason: reason)
    _ = try await ledger.repeatable(statement)
    return try await report(.waiting(gates))
  }

  /// After a rollback in part, going forward does again what was taken back.
  private func redoUndone() async throws {
    for step in try await ledger.standings() where step.state == .undone {
      let statement = JournalSQL.retryStep(
        run: shop.run, step: step.step, actor: shop.runner, reason: "going forward again")
      _ = try await ledger.query(statement)
    }
  }

  /// Unfinished steps are compiled again: findings may have changed since the run began.
  private func prepareAgain(_ steps: [StepStanding]) async throws -> Preparation {
    let finished = Set(steps.filter { $0.state.isSatisfied }.map(\.step))
    let begun = Set(steps.filter { !$0.state.isSatisfied && $0.attempt > 0 }.map(\.step))
    let connection = try await shop.target.work()
    let prepared = try await compiler.prepare(
      plan, finished: finished, begun: begun, tag: shop.tag,
      accepting: Set(runner.resolved.environment.acceptIrreversible), on: connection)
    await shop.target.giveBack(connection)
    return prepared
  }

  private func wanted(_ until: String?) throws -> Set<String> {
    guard let until else { return Set(plan.steps.map(\.id)) }
    guard plan[until] != nil else { throw EngineError(.unknown, "the plan has no step \(until)") }
    let graph = try Graph(plan.steps.map { ($0.id, $0.needs) })
    return Set(graph.ancestors(of: until)).union([until])
  }

  private func unresumable() async throws -> RunReport {
    let run = try await ledger.runRecord()
    // It ended between the look and the claim: another process was at it.
    if run.state == .succeeded {
      await runner.proving(shop.run)
      return try await report(.alreadyApplied)
    }
    throw EngineError(
      .refused, "run \(shop.run.prefix(8)) is \(run.state.rawValue) and cannot go forward",
      hint: "caisson rollback finishes a rollback; caisson status shows where it stands")
  }

  private func settle(_ end: RunLoop.End, until: String?, joining: Bool) async throws -> RunReport {
    if end.wantsRollback {
      let failures = end.failures
      let undone = try await UndoLoop(session: self).run(to: nil, reason: failures.first?.message ?? "a step failed")
      return undone
    }
    if let until, end.failures.isEmpty, !end.isInterrupted, end.blocked.isEmpty, end.closed.isEmpty, !end.isComplete {
      try await pause("until \(until)")
      return try await report(.succeeded)
    }
    if end.turned != nil, RunWish(try await ledger.runRecord()) != nil { return try await stopped(joining: joining) }
    if let turned = end.turned { return try await report(.held("the run was turned to \(turned) by somebody else")) }
    if end.isInterrupted, let closed = try await closedMeanwhile() { return try await waiting([closed]) }
    if end.isInterrupted { return try await stopped(joining: joining) }
    _ = try await ledger.repeatable(JournalSQL.finishRun(shop.run, actor: shop.runner))
    if end.isComplete {
      await runner.proving(shop.run)
      return try await report(.succeeded)
    }
    if !end.failures.isEmpty { return try await report(.failed(end.failures)) }
    if !end.blocked.isEmpty { return try await report(.blocked(end.blocked)) }
    if !end.heldElsewhere.isEmpty { return try await report(.held(try await holders(end.heldElsewhere))) }
    if !end.closed.isEmpty { return try await waiting(end.closed) }
    if let first = end.foreign.first {
      return try await report(
        .held("step \(first.step) runs on \(first.host ?? "another host") only: start caisson worker there"))
    }
    return try await report(.failed([EngineError(.failed, "steps remain that cannot run: \(try await leftovers())", hint: "caisson status")]))
  }

  /// What nobody has asked for, the clock has, or a limit.
  private func closedMeanwhile() async throws -> ClosedGate? {
    guard !runner.stop.isRequested, try await RunWish(ledger.runRecord()) == nil else { return nil }
    return try await gatekeeper().closedForAll()
  }

  /// By this process's own signal, or because somebody has asked the run to pause or to be canceled.
  private func stopped(joining: Bool) async throws -> RunReport {
    guard let wish = RunWish(try await ledger.runRecord()) else {
      // The run is nobody's in particular: others go on with it.
      if !joining, try await !isHeldByOthers() { try await pause("interrupted") }
      return try await report(.interrupted)
    }
    // The last one to let go of a step turns the run.
    _ = try await ledger.repeatable(JournalSQL.finishRun(shop.run, actor: shop.runner))
    return try await report(.asked(wish))
  }

  private func isHeldByOthers() async throws -> Bool {
    try await ledger.standings().contains { $0.state.isHeld && $0.holder != shop.runner && !$0.leaseExpired }
  }

  private func leftovers() async throws -> String {
    try await ledger.standings().filter { !$0.state.isSatisfied }.map { "\($0.step) (\($0.state.rawValue))" }.joined(separator: ", ")
  }

  private func holders(_ steps: [String]) async throws -> String {
    let who = try await ledger.records { [run = shop.run] in try await $0.holders(run: run) }.map { holder in
      "process \(holder.processID) on \(holder.host) (\(holder.holds.count) steps, lease ends in \(Int(holder.leaseSeconds ?? 0)) s)"
    }
    return who.isEmpty ? steps.joined(separator: ", ") : who.joined(separator: "; ")
  }

  private func pause(_ reason: String) async throws {
    let statement = JournalSQL.setRunState(shop.run, from: [.running], to: .paused, actor: shop.runner, reason: reason)
    _ = try await ledger.repeatable(statement)
  }

  func report(_ ending: RunReport.Ending) async throws -> RunReport {
    let state = try await ledger.runRecord().state.rawValue
    shop.reporter(.runFinished(run: shop.run, state: state))
    await SealingLoop(target: shop.target).sealAll()
    return RunReport(run: shop.run, ending: ending, steps: try await ledger.steps())
  }
}

/// The engine's own version: runs, evidence and the journal name it.
package enum EngineVersion {
  package static let text = "0.1.0"
}
