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
    var isComplete = false
    var wantsRollback = false
  }

  private struct Ended: Sendable {
    let step: String
    let outcome: StepOutcome
  }

  let shop: Workshop
  let plan: Plan
  let compiler: Compiler
  let ledger: Ledger
  let leases: Leases
  let prepared: Preparation
  let width: Int
  /// Steps to run; the rest is left alone (`--until`).
  let only: Set<String>

  func run(states: [String: StepState]) async throws -> End {
    var scheduler = Scheduler(plan, states: states, prepared: prepared, only: only)
    var end = End()
    try await withThrowingTaskGroup(of: [Ended].self) { group in
      var running = 0
      for taken in try await takeOver() {
        running += 1
        group.addTask { [await carryOut(taken.step, taken.holding)] }
      }
      while true {
        while running < width, !stops(end), let job = scheduler.next(width: width) {
          running += 1
          group.addTask { await perform(job) }
        }
        guard running > 0, let ended = try await group.next() else { break }
        running -= 1
        for one in ended { try await note(one, &scheduler, &end) }
      }
    }
    return try await judged(end)
  }

  private func stops(_ end: End) -> Bool { shop.stop.isRequested || !end.failures.isEmpty }

  // MARK: Work

  private func perform(_ job: Scheduler.Job) async -> [Ended] {
    switch job {
    case .step(let step): return [await claimAndCarryOut(step)]
    case .ride(let phases):
      for phase in phases { shop.reporter(.stepState(step: phase.step.id, state: "running", note: nil)) }
      let endings = await RideRunner(shop: shop).run(phases)
      return zip(phases, endings).map { phase, ending in
        Ended(step: phase.step.id, outcome: ending == .done ? .done : .released(reason: ending == .unknown ? "unknown" : "ride"))
      }
    }
  }

  private func claimAndCarryOut(_ step: PlanStep) async -> Ended {
    do {
      let claim = JournalSQL.claim(run: shop.run, step: step.id, runner: shop.runner, ttl: Leases.timeToLive)
      guard let row = try await ledger.query(claim).first else { return Ended(step: step.id, outcome: .replaced) }
      return await carryOut(step, try Holding(row, run: shop.run, runner: shop.runner))
    } catch {
      let failure = Failure(error)
      if failure.isConnectionLoss, await ledger.awaitServer(stop: shop.stop) {
        return Ended(step: step.id, outcome: .released(reason: "unknown"))
      }
      return Ended(step: step.id, outcome: .failed(failure.engineError.at(step: step.id)))
    }
  }

  private func carryOut(_ step: PlanStep, _ holding: Holding) async -> Ended {
    shop.reporter(.stepState(step: step.id, state: "running", note: nil))
    let runner = StepRunner(
      shop: shop, compiler: compiler, ledger: ledger, step: step, holding: holding,
      expected: prepared[step.id].flatMap { $0.certainty == .exact ? $0.compiled : nil })
    let work = Task { await runner.run() }
    await leases.hold(holding.fence) { work.cancel() }
    let outcome = await Deadline(step.policy.timeout?.duration).limiting(work, step: step.id)
    await leases.release(holding.fence)
    return Ended(step: step.id, outcome: outcome)
  }

  /// Steps whose runner is gone. A lease that has not run out belongs to somebody who may still be at work.
  private func takeOver() async throws -> [(step: PlanStep, holding: Holding)] {
    var taken: [(step: PlanStep, holding: Holding)] = []
    let statement = JournalSQL.takeOver(run: shop.run, runner: shop.runner, ttl: Leases.timeToLive)
    while let row = try await ledger.query(statement).first {
      let holding = try Holding(row, run: shop.run, runner: shop.runner)
      guard let step = plan[holding.step] else { continue }
      taken.append((step, holding))
    }
    return taken
  }

  // MARK: Book-keeping

  private func note(_ ended: Ended, _ scheduler: inout Scheduler, _ end: inout End) async throws {
    switch ended.outcome {
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
    }
  }

  /// The journal knows what became of it.
  private func lookAgain(_ id: String, reason: String?, _ scheduler: inout Scheduler) async throws {
    let record = try await ledger.step(id)
    if reason == "ride", record.state != .done { scheduler.demote(id) }
    let state = record.state
    if state == .done { shop.reporter(.stepState(step: id, state: "done", note: nil)) }
    if state == .waiting, !shop.stop.isRequested { await shop.stop.sleep(milliseconds: 250) }
    scheduler.ended(id, as: state)
  }

  private func judged(_ end: End) async throws -> End {
    var end = end
    let steps = try await ledger.steps()
    end.isComplete = steps.allSatisfy { [.done, .skipped].contains($0.state) }
    end.isInterrupted = shop.stop.isRequested && !end.isComplete
    end.heldElsewhere = steps.filter { $0.state == .running || $0.state == .undoing }.map(\.step)
    if end.blocked.isEmpty {
      end.blocked = steps.filter { $0.state == .blocked }.map { ($0.step, $0.reason ?? "blocked") }
    }
    return end
  }
}
