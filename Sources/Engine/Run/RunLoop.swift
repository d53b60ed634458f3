import Journal
import PlanModel
import PlanSchema
import PluginAPI
import RunModel

/// Takes ready steps and runs them, as many side by side as `width` allows, until nothing can go on.
struct RunLoop {
  struct End: Sendable {
    var failures: [EngineError] = []
    var blocked: [(step: String, reason: String)] = []
    var isInterrupted = false
    /// Unfinished, and not ours to run: another runner holds it.
    var heldElsewhere: [String] = []
    /// Unfinished, and another host's.
    var foreign: [StepStanding] = []
    var isComplete = false
    var wantsRollback = false
    /// What somebody else turned the run to meanwhile.
    var turned: String?
    /// A step failed in another runner's hands.
    var failedElsewhere = false
    /// Gates that keep what is left waiting.
    var closed: [ClosedGate] = []
  }

  private struct Ended: Sendable {
    let step: String
    let outcome: StepOutcome
  }

  private enum Turn: Sendable {
    case ended([Ended])
    /// Time to see what other runners have done.
    case look
    /// Time to see whether a gate is to be asked again.
    case tick
  }

  let shop: Workshop
  let plan: Plan
  let compiler: Compiler
  let ledger: Ledger
  let leases: Leases
  let prepared: Preparation
  let gatekeeper: Gatekeeper
  let width: Int
  /// Steps to run; the rest is left alone (`--until`).
  let only: Set<String>
  let planHash: String
  /// What was certain when the run was created or amended, by step: another program is drift.
  let shown: [String: [Operation]]
  /// Other runners work on the same run, and it is not over before they are done.
  var isShared = false

  /// What goes on side by side.
  private struct Floor {
    var running = 0
    /// One look at what others have done is under way.
    var isLooking = false
    var mayTakeOver = true
    /// Steps behind closed gates, and when each is asked again.
    var closed: [String: (gate: ClosedGate, next: ContinuousClock.Instant)] = [:]
    var isTicking = false
  }

  private typealias Group = ThrowingTaskGroup<Turn, any Error>

  func run(states: [String: StepState]) async throws -> End {
    var scheduler = Scheduler(plan, states: states, prepared: prepared, only: only, spreads: isShared,
      watched: Set(plan.steps.filter(gatekeeper.watches).map(\.id)))
    var end = End()
    var patience = Self.patience
    scheduler.leave(try await ledger.standings().filter(\.isForeign).map(\.step))
    try await withThrowingTaskGroup(of: Turn.self) { group in
      var floor = Floor()
      while true {
        if !stops(end) {
          askAgain(&floor, &scheduler)
          try await fill(&group, &floor, &scheduler)
        }
        if !isShared, floor.running == 0, !stops(end), try await waitsForDeadRunner(&patience) { continue }
        guard floor.running > 0 || floor.isLooking, let turn = try await group.next() else { break }
        switch turn {
        case .ended(let ended):
          floor.running -= 1
          for one in ended { try await note(one, &floor, &scheduler, &end) }
        case .look:
          floor.isLooking = false
          floor.mayTakeOver = true
          if try await !look(&floor, &scheduler, &end), floor.running == 0 { return }
        case .tick: floor.isTicking = false
        }
      }
      end.closed = plan.steps.compactMap { floor.closed[$0.id]?.gate }
      group.cancelAll()
    }
    return try await judged(end)
  }

  /// Gives everybody something to do: ready steps first, then what dead runners left.
  private func fill(_ group: inout Group, _ floor: inout Floor, _ scheduler: inout Scheduler) async throws {
    while floor.running < width, let job = scheduler.next(width: width) {
      floor.running += 1
      group.addTask { .ended(await perform(job)) }
    }
    if floor.running < width, floor.running == 0 || floor.mayTakeOver {
      floor.mayTakeOver = false
      for taken in try await takeOver() where scheduler.takes(taken.step.id) {
        floor.running += 1
        group.addTask { .ended([await carryOut(taken.step, taken.holding)]) }
      }
    }
    if !floor.closed.isEmpty, floor.running > 0, !isShared, !floor.isTicking {
      floor.isTicking = true
      group.addTask {
        try? await Task.sleep(for: .seconds(1))
        return .tick
      }
    }
    guard isShared, !floor.isLooking else { return }
    floor.isLooking = true
    group.addTask {
      await shop.stop.sleep(milliseconds: 1_000)
      return .look
    }
  }

  /// Gates whose time has come; what is behind them may be claimed again.
  private func askAgain(_ floor: inout Floor, _ scheduler: inout Scheduler) {
    for (step, entry) in floor.closed where entry.next <= .now {
      floor.closed[step] = nil
      scheduler.reopen(step)
    }
  }

  private func stops(_ end: End) -> Bool {
    shop.stop.isRequested || !end.failures.isEmpty || end.turned != nil || end.failedElsewhere
  }

  /// False: nothing is left that this runner could ever do.
  private func look(_ floor: inout Floor, _ scheduler: inout Scheduler, _ end: inout End) async throws -> Bool {
    try await ledger.buryDeadRunners()
    let run = try await ledger.runRecord()
    guard run.state == .running, run.planHash == planHash else {
      end.turned = run.state == .succeeded ? nil : run.state == .running ? Self.amended : run.state.rawValue
      return false
    }
    let standings = try await ledger.standings()
    scheduler.refresh(Dictionary(uniqueKeysWithValues: standings.map { ($0.step, $0.state) }))
    end.failedElsewhere = standings.contains { $0.state == .failed }
    // Somebody else has found it open.
    for standing in standings where standing.state.isSatisfied { floor.closed[standing.step] = nil }
    return !floor.closed.isEmpty || standings.contains { ($0.isForeign && !$0.state.isSatisfied) || $0.state.isHeld || [.backoff, .waiting, .inDoubt].contains($0.state) } || scheduler.hasReady
  }

  /// How soon a gate that a person opens is looked at again.
  private static let voteInterval = Duration.seconds(3)

  /// How often a quarter of a second is spent on a transaction that the server has not ended for a dead runner.
  private static let patience = 240

  /// Its task's row is locked until the server notices that the client is gone: a takeover then succeeds.
  private func waitsForDeadRunner(_ patience: inout Int) async throws -> Bool {
    let left = try await ledger.standings().filter { $0.state == .running && $0.leaseExpired && only.contains($0.step) }
    guard let first = left.first, patience > 0 else { return false }
    if patience == Self.patience {
      shop.reporter(
        .notice(step: first.step, text: "the server is still at work for the runner that is gone; waiting for it"))
    }
    patience -= 1
    await shop.stop.sleep(milliseconds: 250)
    return true
  }

  // MARK: Work

  private func perform(_ job: Scheduler.Job) async -> [Ended] {
    switch job {
    case .step(let step): return [await claimAndCarryOut(step)]
    case .ride(let phases):
      for phase in phases { shop.reporter(.stepState(step: phase.step.id, state: "running", note: nil)) }
      let endings = await RideRunner(shop: shop).run(phases)
      // What became of them is asked when there is somebody to ask.
      if endings.contains(.unknown) { _ = await ledger.awaitServer(stop: shop.stop) }
      return zip(phases, endings).map { phase, ending in
        Ended(step: phase.step.id, outcome: ending == .done ? .done : .released(reason: ending == .unknown ? "unknown" : "ride"))
      }
    }
  }

  private func claimAndCarryOut(_ step: PlanStep) async -> Ended {
    do {
      if let closed = try await gatekeeper.closed(for: step) { return Ended(step: step.id, outcome: .gated(closed)) }
      guard let holding = try await claim(step) else { return Ended(step: step.id, outcome: .replaced) }
      return await carryOut(step, holding)
    } catch {
      let failure = Failure(error)
      if failure.isConnectionLoss, await ledger.awaitServer(stop: shop.stop) {
        return Ended(step: step.id, outcome: .released(reason: "unknown"))
      }
      return Ended(step: step.id, outcome: .failed(failure.engineError.at(step: step.id)))
    }
  }

  /// A claim whose answer was lost may have been committed: then the step is ours already.
  private func claim(_ step: PlanStep) async throws -> Holding? {
    let claim = JournalSQL.claim(run: shop.run, step: step.id, runner: shop.runner, ttl: shop.target.address.lease)
    if let row = try await ledger.query(claim).first {
      return try Holding(row, run: shop.run, runner: shop.runner)
    }
    return try await ledger.ownHolding(of: step.id, .forward)
  }

  private func carryOut(_ step: PlanStep, _ holding: Holding) async -> Ended {
    shop.reporter(.stepState(step: step.id, state: "running", note: nil))
    let runner = StepRunner(
      shop: shop, compiler: compiler, ledger: ledger, step: step, holding: holding,
      expected: shown[step.id] ?? prepared[step.id].flatMap(\.certain),
      gatekeeper: gatekeeper)
    let work = Task { await runner.run() }
    await leases.hold(holding.fence) { work.cancel() }
    let outcome = await Deadline(step.policy.timeout?.duration).limiting(work, step: step.id)
    await leases.release(holding.fence)
    return Ended(step: step.id, outcome: outcome)
  }

  /// Steps whose runner is gone, asked for when nothing else is to be done: what the journal then says is ours was claimed
  /// or taken over without our hearing of it. A lease that has not run out belongs to somebody who may be at work.
  private func takeOver() async throws -> [(step: PlanStep, holding: Holding)] {
    var taken: [(step: PlanStep, holding: Holding)] = []
    let statement = JournalSQL.takeOver(run: shop.run, runner: shop.runner, ttl: shop.target.address.lease)
    while try await ledger.repeatable(statement).first != nil {}
    for record in try await ledger.standings() where record.state == .running && record.holder == shop.runner {
      guard let step = plan[record.step], let holding = try await ledger.ownHolding(of: record.step, .forward)
      else { continue }
      taken.append((step, holding))
    }
    return taken
  }

  // MARK: Book-keeping

  private func note(
    _ ended: Ended, _ floor: inout Floor, _ scheduler: inout Scheduler, _ end: inout End
  ) async throws {
    switch ended.outcome {
    case .gated(let gate):
      scheduler.close(ended.step)
      floor.closed[ended.step] = (gate, .now + (gate.wait ?? Self.voteInterval))
      shop.reporter(.stepState(step: ended.step, state: "waiting", note: gate.reason))
    case .done:
      scheduler.ended(ended.step, as: .done)
      shop.reporter(.stepState(step: ended.step, state: "done", note: nil))
    case .failed(let error):
      scheduler.ended(ended.step, as: .failed)
      end.failures.append(error)
      end.wantsRollback = end.wantsRollback || plan[ended.step]?.policy.onFailure == .rollback
      shop.reporter(.stepState(step: ended.step, state: "failed", note: error.message))
    case .blocked(let reason):
      scheduler.ended(ended.step, as: .blocked)
      end.blocked.append((ended.step, reason))
      shop.reporter(.stepState(step: ended.step, state: "blocked", note: reason))
    case .released(let reason):
      try await lookAgain(ended.step, reason: reason, &scheduler)
    case .replaced:
      try await lookAgain(ended.step, reason: nil, &scheduler)
      end.turned = try await turned()
    }
  }

  /// The journal knows what became of it.
  private func lookAgain(_ id: String, reason: String?, _ scheduler: inout Scheduler) async throws {
    let record = try await ledger.step(id)
    if let host = record.host, host != ThisProcess.host { scheduler.leave([id]) }
    if reason == "ride", record.state != .done { scheduler.demote(id) }
    let state = record.state
    if state == .done { shop.reporter(.stepState(step: id, state: "done", note: nil)) }
    if state == .waiting || (reason == nil && !state.isHeld), !state.isSatisfied {
      await shop.stop.sleep(milliseconds: 250)
    }
    scheduler.ended(id, as: state)
  }

  /// What the run is when no claim can succeed any more.
  private func turned() async throws -> String? {
    let run = try await ledger.runRecord()
    if run.state == .succeeded { return nil }
    if run.state != .running { return run.state.rawValue }
    if run.planHash != planHash { return Self.amended }
    return run.desired == .run ? nil : run.desired.rawValue
  }

  private static let amended = "another version of the plan"

  private func judged(_ end: End) async throws -> End {
    var end = end
    let steps = try await ledger.standings()
    end.isComplete = steps.allSatisfy { [.done, .skipped].contains($0.state) }
    end.isInterrupted = shop.stop.isRequested && !end.isComplete
    end.heldElsewhere = steps.filter { $0.state == .running || $0.state == .undoing }.map(\.step)
    end.foreign = steps.filter { $0.isForeign && !$0.state.isSatisfied }
    if end.blocked.isEmpty {
      end.blocked = steps.filter { $0.state == .blocked }.map { ($0.step, $0.reason ?? "blocked") }
    }
    return end
  }
}

extension StepStanding {
  /// Bound to another host.
  var isForeign: Bool { host.map { $0 != ThisProcess.host } ?? false }
}
