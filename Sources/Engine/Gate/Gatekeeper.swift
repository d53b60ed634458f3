import Journal
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// Judges, before a step is claimed, what has to hold for it, and keeps the verdict in the journal.
struct Gatekeeper: Sendable {
  let shop: Workshop
  let plan: Plan
  let compiler: Compiler
  let ledger: Ledger
  /// Of the environment.
  let windows: [TimeWindow]
  let limits: Limits
  /// What another environment has to have proven; `nil`: nothing.
  let evidence: EvidenceGate?
  /// Steps that wait for votes.
  let voted: Set<String>

  init(
    shop: Workshop, plan: Plan, compiler: Compiler, ledger: Ledger, windows: [TimeWindow], limits: Limits,
    evidence: EvidenceGate? = nil
  ) async throws {
    self.evidence = evidence
    self.shop = shop
    self.plan = plan
    self.compiler = compiler
    self.ledger = ledger
    self.windows = windows
    self.limits = limits
    let gates = try await ledger.records { [run = shop.run] in try await $0.gates(run: run) }
    voted = Set(gates.filter(\.isVoted).compactMap(\.step))
  }

  /// Others are claimed without a word to it.
  func watches(_ step: PlanStep) -> Bool {
    !windows.isEmpty || !limits.isEmpty || !step.policy.windows.isEmpty || voted.contains(step.id) || compiler.isGate(step)
      || !passed(by: step).isEmpty || compiler.hasGatedPhases(step)
  }

  // MARK: Before a claim

  /// What keeps every step from being begun; `nil`: nothing.
  ///
  /// Nobody is asked to approve what is not proven yet.
  func closedForAll() async throws -> ClosedGate? {
    if let evidence, let verdict = try await verdict(evidence) { return try await keep(verdict, gate: "run", step: nil) }
    let gates = try await ledger.records { [run = shop.run] in try await $0.gates(run: run) }
    if let release = gates.first(where: { $0.gate == "release" }).flatMap(ClosedGate.init) { return release }
    guard !windows.isEmpty || !limits.isEmpty || evidence != nil else { return nil }
    var verdict = windows.isEmpty ? nil : try await verdict(on: windows)
    if verdict == nil, let problem = try await limitPassed() {
      verdict = Verdict(kind: "limit", reason: problem, again: .seconds(30))
    }
    return try await keep(verdict, gate: "run", step: nil)
  }

  /// What keeps a step from being claimed; `nil`: nothing.
  func closed(for step: PlanStep) async throws -> ClosedGate? {
    guard watches(step) else { return nil }
    if let all = try await closedForAll() { return all }
    if voted.contains(step.id) || compiler.hasGatedPhases(step), let vote = try await vote(on: step) { return vote }
    return try await closed(conditions(of: step), for: step)
  }

  /// The same for what a claimed step has compiled to.
  func closed(_ conditions: [GateCondition], for step: PlanStep) async throws -> ClosedGate? {
    for condition in conditions {
      guard let verdict = try await verdict(on: condition, kind: compiler.gateName(of: step)) else { continue }
      return try await keep(verdict, gate: "gate:\(step.id)", step: step.id)
    }
    return try await keep(nil, gate: "gate:\(step.id)", step: step.id)
  }

  /// Which of the environment's limits is passed; `nil`: none.
  func limitPassed() async throws -> String? {
    guard !limits.isEmpty else { return nil }
    return try await shop.target.lending { try await LimitLook(limits: limits, connection: $0).problem() }
  }

  private func conditions(of step: PlanStep) async throws -> [GateCondition] {
    let windows = step.policy.windows.isEmpty ? [] : [GateCondition.window(step.policy.windows)]
    return windows + (try await compiled(step)) + (try await beforeNextPhase(of: step)) + (try await passedLongAgo(by: step))
  }

  // MARK: Between phases

  /// What keeps a step from its next phase, which it has reached; `nil`: nothing. Whoever may approve can do so from now on.
  func closedBeforeNextPhase(of step: PlanStep) async throws -> ClosedGate? {
    let conditions = try await beforeNextPhase(of: step)
    guard !conditions.isEmpty else { return nil }
    for case .approval(let roles) in conditions {
      _ = try await ledger.repeatable(JournalSQL.requireApproval(run: shop.run, needed: roles, step: step.id))
      if let vote = try await vote(on: step) { return vote }
    }
    return try await closed(conditions, for: step)
  }

  /// A phase that is under way, or all done, asks no more.
  private func beforeNextPhase(of step: PlanStep) async throws -> [GateCondition] {
    guard compiler.hasGatedPhases(step) else { return [] }
    let phase = try await ledger.step(step.id).phase, phases = compiler.phases(of: step)
    guard phases.indices.contains(phase - 1) else { return [] }
    let tasks = try await ledger.tasks(step.id).filter { $0.phase == phase && $0.direction == .forward }
    guard !tasks.contains(where: { $0.hasBegun && !$0.isFinished }), tasks.isEmpty || !tasks.allSatisfy(\.isFinished)
    else { return [] }
    return try compiler.gates(before: phases[phase - 1], of: step)
  }

  /// Gates among what a step needs.
  private func passed(by step: PlanStep) -> [PlanStep] {
    step.needs.compactMap { plan[$0] }.filter { compiler.isGate($0) && $0.skip == nil }
  }

  /// A run may be resumed days after it passed a gate: what it found then counts for an hour.
  private func passedLongAgo(by step: PlanStep) async throws -> [GateCondition] {
    let gates = passed(by: step)
    guard !gates.isEmpty else { return [] }
    let rows = try await ledger.repeatable(
      """
      SELECT g.step FROM caisson.step g JOIN caisson.step s USING (run_id)
      WHERE g.run_id = \(shop.run) AND s.step = \(step.id) AND s.attempt = 0 AND g.step = ANY (\(gates.map(\.id)))
        AND g.state = 'done' AND g.done_by = 'engine' AND g.changed_at < clock_timestamp() - interval '1 hour'
      """)
    var conditions: [GateCondition] = []
    for gate in gates where rows.contains(where: { $0[0] == gate.id }) {
      // A gate that cannot be asked is no open one.
      let again = try await shop.compiling {
        try await compiler.compile(gate, phase: compiler.phases(of: gate)[0], tag: shop.tag, in: $0)
      }
      conditions += again.program.gates.map { condition in
        guard case .closed(let reason, let again) = condition else { return condition }
        return .closed(reason: "\(gate.id): \(reason)", again: again)
      }
    }
    return conditions
  }

  /// What the step's kind says now. One that has begun has passed its gate; an error is found, and recorded, by the
  /// claim that follows.
  private func compiled(_ step: PlanStep) async throws -> [GateCondition] {
    guard compiler.isGate(step) else { return [] }
    let phase = try await ledger.step(step.id).phase, phases = compiler.phases(of: step)
    guard phases.indices.contains(phase - 1), try await !ledger.tasks(step.id).contains(where: \.hasBegun)
    else { return [] }
    let carry = try await ledger.carry(into: phase, of: step.id)
    let compiled = try? await shop.compiling {
      try await compiler.compile(step, phase: phases[phase - 1], carry: carry, tag: shop.tag, in: $0)
    }
    return compiled?.program.gates ?? []
  }

  private func vote(on step: PlanStep) async throws -> ClosedGate? {
    try await ledger.records { [run = shop.run] in try await $0.gates(run: run) }
      .first { $0.isVoted && $0.step == step.id }.flatMap(ClosedGate.init)
  }

  // MARK: Verdicts

  private struct Verdict {
    var kind: String
    var reason: String
    var next: Moment?
    var again: Duration?
  }

  private func verdict(on condition: GateCondition, kind: String = "gate") async throws -> Verdict? {
    switch condition {
    case .closed(let reason, let again): return Verdict(kind: kind, reason: reason, again: again.duration)
    case .window(let windows): return try await verdict(on: windows)
    case .soak(let step, let span): return try await verdict(onSoakAfter: step, span)
    // A step that is voted on has a row of its own, made with the run.
    case .approval: return nil
    }
  }

  /// What admits the run is kept in this journal beside it.
  private func verdict(_ evidence: EvidenceGate) async throws -> Verdict? {
    guard !evidence.isPassed else { return nil }
    let open = Set(try await ledger.standings().filter { !$0.state.isSatisfied }.map(\.step))
    let answer = try await evidence.ask(for: plan.steps.filter { open.contains($0.id) }, run: shop.run)
    if let refusal = answer.refusal {
      return Verdict(
        kind: refusal.cause == .soak ? "soak" : "evidence", reason: refusal.reason, next: refusal.next,
        again: .seconds(60))
    }
    if let signed = answer.admitting {
      let accept = JournalSQL.acceptEvidence(
        signed.evidence.body, signer: signed.signer, signature: signed.signature, run: shop.run, notes: answer.notes,
        actor: shop.runner)
      if try await ledger.repeatable(accept).first != nil {
        for note in answer.notes { shop.reporter(.notice(step: "", text: note)) }
      }
    }
    evidence.pass()
    return nil
  }

  private func verdict(on windows: [TimeWindow]) async throws -> Verdict? {
    let standing = try await shop.target.lending { try await ScheduleClock(connection: $0).standing(of: windows) }
    guard case .closed(let next) = standing else { return nil }
    let list = windows.map(\.description).joined(separator: ", ")
    return Verdict(kind: "window", reason: "outside of its window (\(list))", next: next, again: .seconds(60))
  }

  /// A step that an earlier run has done, and this one has carried over, was done then.
  private func verdict(onSoakAfter step: String, _ span: TimeSpan) async throws -> Verdict? {
    let rows = try await ledger.repeatable(
      """
      SELECT s.state = 'done' AS done, (extract(epoch FROM d.at) * 1000000)::bigint AS at,
        clock_timestamp() >= d.at + \(span.milliseconds)::bigint * interval '1 millisecond' AS over
      FROM caisson.step s JOIN caisson.run r USING (run_id) JOIN caisson.plan p USING (plan_hash),
      LATERAL (SELECT CASE WHEN s.done_by <> 'carried' THEN s.changed_at ELSE (
          SELECT max(e.changed_at) FROM caisson.step e JOIN caisson.run x USING (run_id)
            JOIN caisson.plan y USING (plan_hash)
          WHERE e.step = s.step AND e.state = 'done' AND e.done_by <> 'carried' AND e.spec_hash = s.spec_hash
            AND y.name = p.name AND y.environment = p.environment AND x.target = r.target) END AS at) d
      WHERE s.run_id = \(shop.run) AND s.step = \(step)
      """)
    guard let row = rows.first else {
      throw EngineError(.unusable, "the plan has no step \(step) to wait after", hint: "correct `after`")
    }
    guard try row.bool("done") else {
      return Verdict(kind: "soak", reason: "\(step) is not done yet", again: .seconds(60))
    }
    // Done so long ago that the journal was pruned since; or long enough.
    guard row["at"] != nil, try !row.bool("over") else { return nil }
    let at = Moment(microseconds: try row.int64("at"))
    return Verdict(kind: "soak", reason: "\(step) was done at \(at) and soaks for \(span)", next: at + span.duration)
  }

  // MARK: The journal

  private func keep(_ verdict: Verdict?, gate: String, step: String?) async throws -> ClosedGate? {
    let row = try await ledger.repeatable(
      JournalSQL.judge(
        run: shop.run, gate: gate, kind: verdict?.kind ?? "", reason: verdict?.reason, next: verdict?.next,
        again: verdict?.again, actor: shop.runner)
    ).first
    guard let verdict else { return nil }
    let seconds = row?["seconds"].flatMap { Double($0) }
    return ClosedGate(
      step: step, kind: verdict.kind, reason: (step.map { "\($0): " } ?? "") + verdict.reason, next: row?["next_at"],
      wait: seconds.map { .milliseconds(Int64(max(0, $0) * 1_000)) })
  }
}

extension Compiler {
  /// Compiled before each claim.
  func isGate(_ step: PlanStep) -> Bool { registry[step.uses]?.isGate ?? false }

  /// `backup` of `gate.backup`.
  func gateName(of step: PlanStep) -> String {
    isGate(step) ? step.uses.split(separator: ".").last.map(String.init) ?? step.uses : "gate"
  }
}
