package import Engine
package import PlanModel
package import PluginAPI

/// What a rollout tells whoever shows it.
package enum RolloutEvent: Sendable {
  case waveBegan(stage: String, wave: Int, of: Int, targets: [String])
  case targetBegan(String)
  case target(String, EngineEvent)
  case targetEnded(TargetOutcome)
}

/// Takes a rollout as far as it goes: stage after stage, wave after wave. It keeps nothing: what is done, and by whom, each
/// target's own journal knows, so it can be stopped or killed at any moment and begun again.
package struct RolloutRunner: Sendable {
  let rollout: StagedRollout
  let registry: StepRegistry
  let stop: StopSignal
  let open: @Sendable (ResolvedPlan) async throws -> Target
  let reporter: @Sendable (RolloutEvent) -> Void

  /// `open`: the way to a target's database.
  package init(
    _ rollout: StagedRollout, registry: StepRegistry, stop: StopSignal = StopSignal(),
    open: @escaping @Sendable (ResolvedPlan) async throws -> Target,
    reporter: @escaping @Sendable (RolloutEvent) -> Void = { _ in }
  ) {
    self.rollout = rollout
    self.registry = registry
    self.stop = stop
    self.open = open
    self.reporter = reporter
  }

  /// `until`: the last stage; `only`: no other targets, by the names of their journals.
  package func run(until: String? = nil, only: Set<String>? = nil) async -> RolloutReport {
    var report = RolloutReport(stages: rollout.stages.map { stage in
      RolloutReport.Stage(stage: stage, targets: stage.targets.enumerated().map { place, target in
        TargetOutcome(target: target, wave: stage.wave(of: place))
      })
    })
    for place in report.stages.indices {
      let stage = rollout.stages[place]
      let goesOn = stage.name != until && asks(for: only, after: place)
      let chosen = Set(stage.targets.map(\.environment.targetName)).filter { only?.contains($0) ?? true }
      report.heldAt = await run(&report.stages[place], chosen)
      guard goesOn, !stop.isRequested, report.heldAt == nil else { break }
      // What is not asked for has to be there all the same.
      await look(at: &report.stages[place], except: chosen)
      guard report.stages[place].isDone else {
        let rest = report.stages[place].targets.filter { !chosen.contains($0.name) }
        if rest.contains(where: { $0.standing != .succeeded }) { report.missing = stage.name }
        break
      }
    }
    report.isStopped = stop.isRequested
    return report
  }

  private func asks(for only: Set<String>?, after place: Int) -> Bool {
    rollout.stages[(place + 1)...].contains { $0.targets.contains { only?.contains($0.environment.targetName) ?? true } }
  }

  // MARK: A stage

  /// Returns the stage's name where it is held.
  private func run(_ stage: inout RolloutReport.Stage, _ chosen: Set<String>) async -> String? {
    let plan = stage.stage, brake = stop.child()
    for (number, wave) in plan.waves.enumerated() {
      let places = wave.filter { chosen.contains(stage.targets[$0].name) }
      guard !places.isEmpty else { continue }
      reporter(
        .waveBegan(stage: plan.name, wave: number + 1, of: plan.waves.count, targets: places.map { stage.targets[$0].name }))
      await run(places, of: &stage, brake)
      let isHeld = failures(in: stage) > plan.maxFailures
      if isHeld { return plan.name }
      let isOver = places.allSatisfy { stage.targets[$0].standing == .succeeded || stage.targets[$0].standing.isFailure }
      guard isOver, !stop.isRequested else { return nil }
    }
    return nil
  }

  private func failures(in stage: RolloutReport.Stage) -> Int { stage.targets.count { $0.standing.isFailure } }

  /// The targets of one wave, `parallel` side by side.
  private func run(_ places: [Int], of stage: inout RolloutReport.Stage, _ brake: StopSignal) async {
    let plan = stage.stage
    await withTaskGroup(of: (Int, TargetOutcome).self) { group in
      var waiting = places[...]
      var running = 0
      while true {
        while running < plan.parallel, !brake.isRequested, failures(in: stage) <= plan.maxFailures,
          let place = waiting.popFirst()
        {
          let outcome = stage.targets[place]
          running += 1
          group.addTask { (place, await run(outcome, brake)) }
        }
        guard let (place, outcome) = await group.next() else { return }
        running -= 1
        stage.targets[place] = outcome
        reporter(.targetEnded(outcome))
        if plan.onFailure == .abort, failures(in: stage) > plan.maxFailures { brake.raise(to: .finish) }
      }
    }
  }

  // MARK: A target

  private func run(_ outcome: TargetOutcome, _ stop: StopSignal) async -> TargetOutcome {
    var outcome = outcome
    let began = ContinuousClock.now, name = outcome.name
    reporter(.targetBegan(name))
    outcome.result = await lending(outcome.target) { [plan = outcome.target] target in
      let report = reporter
      return try await Runner(plan, target: target, registry: registry, stop: stop) { report(.target(name, $0)) }.apply()
    }
    outcome.took = began.duration(to: .now)
    return outcome
  }

  /// Which targets of a stage have what the rollout brings; nothing is written.
  private func look(at stage: inout RolloutReport.Stage, except chosen: Set<String>) async {
    for place in stage.targets.indices where !chosen.contains(stage.targets[place].name) {
      let plan = stage.targets[place].target
      let applied = await lending(plan) { try await Runner(plan, target: $0, registry: registry).applied() }
      switch applied {
      case .success(let report): stage.targets[place].result = report.map { .success($0) }
      case .failure(let error): stage.targets[place].result = .failure(error)
      }
    }
  }

  private func lending<Value: Sendable>(
    _ plan: ResolvedPlan, _ body: @Sendable (Target) async throws -> Value
  ) async -> Result<Value, any Error> {
    do {
      let target = try await open(plan)
      let result: Result<Value, any Error>
      do { result = .success(try await body(target)) } catch { result = .failure(error) }
      await target.close()
      return result
    } catch {
      return .failure(error)
    }
  }
}
