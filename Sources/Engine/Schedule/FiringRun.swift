import Journal
import PlanModel
import PluginAPI
import PostgresClient
import RunModel
import SQLText

extension Schedules {
  /// What is to be done for a claimed firing, from what the journal says: begin its run, go on with it, or say why not.
  func carryOut(_ firing: Firing) async throws -> FiringReport {
    var report = FiringReport(
      step: firing.step, due: firing.due, isExtra: firing.isExtra, run: firing.run, outcome: .replaced)
    if let run = firing.run {
      report.outcome = try await goOn(with: run)
      return report
    }
    guard let step = resolved.plan[firing.step], step.schedule != nil else {
      report.outcome = .ended(.skipped("the plan has the schedule no more"))
      return report
    }
    if let reason = try await objection(to: step) {
      report.outcome = .ended(.skipped(reason))
      return report
    }
    switch try await begin(firing, step) {
    case .ended(let end): report.outcome = .ended(end)
    case .replaced: report.outcome = .replaced
    case .begun(let run, let prepared):
      report.run = run
      report.outcome = try await goOn(with: run, prepared: prepared)
    }
    return report
  }

  private func objection(to step: PlanStep) async throws -> String? {
    let applied = step.attends.flatMap { resolved.plan[$0] } ?? step
    return try await target.lending { try await AppliedState(scope: scope, connection: $0).objection(to: applied) }
  }

  // MARK: Beginning

  private enum Beginning: Sendable {
    case ended(FiringEnd)
    case begun(String, Preparation?)
    case replaced
  }

  private func begin(_ firing: Firing, _ step: PlanStep) async throws -> Beginning {
    try await target.lending { connection in
      let former = try await formerRun(firing, on: connection)
      // Half-done work that only a probe or a person can judge is finished first, never begun anew beside it.
      if let former, try await isUndecided(former.id, on: connection) {
        let reason = "goes on with run \(former.id.prefix(8)) of an earlier firing"
        return try await link(firing, former, reason: reason, on: connection)
      }
      let runner = runner(for: resolved.narrowed(to: step), variant: firing.variant)
      let prepared: Preparation
      do {
        prepared = try await runner.prepareFiring(on: connection)
      } catch {
        let failure = Failure(error)
        if failure.isConnectionLoss || error is CancellationError { throw error }
        return .ended(.failed(failure.record.message))
      }
      if let refusal = prepared.refusals.first { return .ended(.failed(refusal.finding.message)) }
      if prepared.isNothingToDo { return .ended(.nothingToDo) }
      return try await create(firing, runner, prepared, superseding: former, on: connection)
    }
  }

  /// The run and its link to the firing commit together, or, when the firing was taken over, not at all.
  private func create(
    _ firing: Firing, _ runner: Runner, _ prepared: Preparation, superseding former: RunRecord?,
    on connection: Connection
  ) async throws -> Beginning {
    let actor = ThisProcess.identity().host
    let before = former.map { former in
      JournalSQL.setRunState(
        former.id, from: [.queued, .waiting, .paused, .failed], to: .superseded, actor: actor,
        reason: "the next firing begins anew")
    }
    let link = JournalSQL.startFiring(
      firing.hold, plan: resolved.planHash, target: target.address.name, variant: firing.variant, reason: nil,
      actor: actor)
    do {
      let run = try await JournalAccess(target: target).createRun(
        runner.resolved, prepared: prepared, carried: [], variant: firing.variant, before: before, after: link,
        on: connection)
      return .begun(run, prepared)
    } catch let error as PostgresError where error.sqlState == JournalCode.mayNotRun {
      await connection.rollback()
      return .replaced
    }
  }

  private func link(
    _ firing: Firing, _ former: RunRecord, reason: String, on connection: Connection
  ) async throws -> Beginning {
    do {
      try await connection.query(
        JournalSQL.startFiring(
          firing.hold, plan: former.planHash, target: target.address.name, variant: firing.variant, reason: reason,
          actor: ThisProcess.identity().host))
      return .begun(former.id, nil)
    } catch {
      guard error.sqlState == JournalCode.mayNotRun else { throw error }
      return .replaced
    }
  }

  /// The run an earlier firing has left unfinished: it failed.
  private func formerRun(_ firing: Firing, on connection: Connection) async throws -> RunRecord? {
    try await JournalReader(connection).liveRuns().first {
      $0.variant == firing.variant && $0.plan == scope.plan && $0.environment == scope.environment
        && $0.target == scope.target
    }
  }

  private func isUndecided(_ run: String, on connection: Connection) async throws -> Bool {
    let rows = try await connection.query(
      """
      SELECT FROM caisson.step WHERE run_id = \(run)
        AND state IN ('running','in_doubt','blocked','undoing','undo_failed')
      UNION ALL
      SELECT FROM caisson.task WHERE run_id = \(run)
        AND state IN ('intent','in_doubt','blocked','undoing','undo_failed')
      """).rows
    return !rows.isEmpty
  }

  // MARK: Going on

  /// To the run's end, whoever began it; what is recorded of the firing is what the journal says of the run.
  private func goOn(with run: String, prepared: Preparation? = nil) async throws -> FiringReport.Outcome {
    guard let before = try await record(of: run) else { return .ended(.failed("its run is gone from the journal")) }
    var failure: String?, pause = Duration.seconds(1)
    if before.finishedAt == nil {
      let runner = try await runner(of: before)
      let report = before.state == .undoing || before.state == .rollbackFailed
        ? try await runner.finishRollback(run)
        : try await runner.proceed(run, resumed: prepared == nil, until: nil, prepared: prepared)
      failure = report.ending.failure
      if case .waiting(let gates) = report.ending { pause = gates.map(\.pause).min() ?? pause }
    }
    guard let after = try await record(of: run) else { return .ended(.failed("its run is gone from the journal")) }
    switch after.state {
    case .succeeded: return .ended(.done)
    case .failed, .rollbackFailed: return .ended(.failed(failure ?? "run \(run.prefix(8)) \(after.state.rawValue)"))
    case .rolledBack: return .ended(.failed("the run was rolled back"))
    case .canceled, .superseded:
      let who = after.desiredBy.map { " by \($0)" } ?? ""
      return .ended(.failed("the run was \(after.state.rawValue)\(who)"))
    case .queued, .running, .waiting, .paused, .undoing:
      return .released(reason: failure ?? "run \(run.prefix(8)) is \(after.state.rawValue)", after: pause)
    }
  }

  private func record(of run: String) async throws -> RunRecord? {
    try await target.lending { try await JournalReader($0).run(run) }
  }

  /// A run goes on with the plan it began with: the journal has it when the plan was edited since.
  private func runner(of run: RunRecord) async throws -> Runner {
    var plan = resolved
    if run.planHash != resolved.planHash {
      guard let stored = try await target.lending({ try await JournalReader($0).plan(hash: run.planHash) }) else {
        throw EngineError(.unusable, "the journal has no plan for run \(run.id.prefix(8))")
      }
      plan = try ResolvedPlan(frozen: stored.resolved, releaseHash: stored.releaseHash).attended(by: registry)
      plan.folder = resolved.folder
      plan.secretsFolder = resolved.secretsFolder
    }
    return runner(for: try plan.narrowed(to: run), variant: run.variant)
  }

  private func runner(for plan: ResolvedPlan, variant: String) -> Runner {
    Runner(
      plan, target: target, registry: registry, width: width, stop: stop, variant: variant, reporter: reporter)
  }
}

extension ResolvedPlan {
  /// What a run of this plan is about: all of it, or, for a firing, one step.
  func narrowed(to run: RunRecord) throws -> ResolvedPlan {
    guard run.variant.hasPrefix(Firing.variantPrefix) else { return self }
    let id = String(run.variant.dropFirst(Firing.variantPrefix.count))
    guard let step = plan[id] else {
      throw EngineError(
        .unusable, "the plan of run \(run.id.prefix(8)) has no step \(id)", hint: "the files it began with are needed")
    }
    return narrowed(to: step)
  }

  /// The same plan with one step alone: what it needs is done, by the plan's own run.
  func narrowed(to step: PlanStep) -> ResolvedPlan {
    var narrowed = self, alone = step
    alone.needs = []
    narrowed.plan = plan.with(steps: [alone])
    return narrowed
  }
}

extension Preparation {
  /// Nothing that a later phase could add either.
  fileprivate var isNothingToDo: Bool {
    steps.allSatisfy { $0.compiled.map { $0.program.leaves.isEmpty && $0.program.gates.isEmpty && $0.phases == 1 } ?? false }
  }
}

extension RunReport.Ending {
  /// Why it did not succeed, in one sentence.
  fileprivate var failure: String? {
    switch self {
    case .succeeded, .alreadyApplied, .rolledBack, .interrupted, .submitted: nil
    case .waiting(let gates): gates.first?.reason
    case .asked(let wish): "\(wish.desired.rawValue) asked for by \(wish.by)"
    case .failed(let errors): errors.first?.message
    case .blocked(let steps): steps.first.map { "blocked: \($0.reason)" }
    case .held(let who): "held: \(who)"
    case .refused(let refusals): refusals.first?.finding.message
    }
  }
}
