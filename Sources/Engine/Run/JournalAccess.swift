import Digest
import FoundationEssentials
import Journal
import JSONText
import PlanModel
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// What a command asks of a target's journal before it has a run.
struct JournalAccess {
  let target: Target

  private var name: String { target.address.name }

  /// Installs the journal where there is none; refuses one that belongs to another database. Whether it was made just now.
  @discardableResult
  func prepareJournal(on connection: Connection) async throws -> Bool {
    let outcome = try await Installer.install(on: connection, target: name)
    if let refusal = try await CloneCheck.run(on: connection, target: name).refusal { throw refusal }
    return outcome == .installed
  }

  func exists(on connection: Connection) async throws -> Bool { try await Installer.version(on: connection) != nil }

  /// The unfinished run of exactly this plan.
  func liveRun(of resolved: ResolvedPlan, on connection: Connection) async throws -> String? {
    let run = try await JournalReader(connection).latestRun(planHash: resolved.planHash, target: name)
    guard let run, run.finishedAt == nil else { return nil }
    return run.id
  }

  /// The same on a new connection, as soon as the server answers; `nil` also when it does not for half a minute.
  func liveRunAfterLoss(of resolved: ResolvedPlan) async -> String? {
    for _ in 0..<30 {
      do {
        let connection = try await target.work()
        let live = try await liveRun(of: resolved, on: connection)
        await target.giveBack(connection)
        return live
      } catch {
        try? await Task.sleep(for: .seconds(1))
      }
    }
    return nil
  }

  /// The run of exactly this plan when it was the last of its name to succeed here.
  func lastSuccess(of resolved: ResolvedPlan, on connection: Connection) async throws -> RunRecord? {
    let run = try await JournalReader(connection).latestRun(plan: resolved.plan.name, environment: resolved.environment.name)
    guard let run, run.planHash == resolved.planHash, run.target == name, run.state == .succeeded else { return nil }
    return run
  }

  /// An edited plan must not start beside its unfinished former self.
  func refuseOtherLiveRun(of resolved: ResolvedPlan, on connection: Connection) async throws {
    guard let other = try await otherLiveRun(of: resolved, on: connection),
      let stored = try await JournalReader(connection).plan(hash: other.planHash)
    else { return }
    if PlanDifference.isPrivateOnly(old: stored.resolved, new: resolved.json) {
      throw EngineError(
        .drift, "run \(other.id.prefix(8)) of this plan is \(other.state.rawValue), for another value of "
          + resolved.privateNames.map { "`\($0)`" }.joined(separator: ", "),
        hint: "caisson resume with the value it was begun with, or caisson cancel; one after the other")
    }
    let lines = PlanDifference.lines(old: stored.resolved, new: resolved.json)
    throw EngineError(
      .drift,
      "run \(other.id.prefix(8)) of this plan is \(other.state.rawValue), and the plan was edited since:\n"
        + lines.map { "  \($0)" }.joined(separator: "\n"),
      hint: "caisson resume --amend goes on with the plan as it is now and keeps what is done; or undo the edit and "
        + "caisson resume; or caisson rollback, with the files as they were")
  }

  /// The unfinished run of another version of the plan.
  func otherLiveRun(of resolved: ResolvedPlan, on connection: Connection) async throws -> RunRecord? {
    try await JournalReader(connection).liveRuns().first {
      $0.plan == resolved.plan.name && $0.environment == resolved.environment.name && $0.planHash != resolved.planHash
        && $0.target == name && !$0.variant.hasPrefix(Firing.variantPrefix)
    }
  }

  /// The tag of the run this plan has, or would begin.
  func tag(of resolved: ResolvedPlan, variant: String = "", on connection: Connection) async throws -> RunTag {
    guard try await exists(on: connection) else { return RunTag(planHash: resolved.planHash, earlier: 0) }
    let finished = try await connection.query(
      """
      SELECT count(*) FROM caisson.run WHERE coalesce(amended_from, plan_hash) = \(JournalSQL.bytes(resolved.planHash)) AND target = \(name)
        AND variant = \(variant) AND (finished_at IS NOT NULL OR variant <> '')
      """)
    return RunTag(
      planHash: resolved.planHash, variant: variant, earlier: finished.value.flatMap { Int($0) } ?? 0)
  }

  // MARK: Carrying over

  /// Steps that an earlier run did on this target with the same specification.
  func carriedOver(
    _ resolved: ResolvedPlan, registry: StepRegistry, on connection: Connection
  ) async throws -> Set<String> {
    let done = try await lastOutcomes(of: resolved, on: connection)
    return Set(
      resolved.plan.steps.filter { step in
        step.skip == nil && step.schedule == nil && registry[step.uses]?.recurring == false && done[step.id] == step.specHash
      }.map(\.id))
  }

  /// Specification by step, of the latest runs that were not taken back.
  private func lastOutcomes(of resolved: ResolvedPlan, on connection: Connection) async throws -> [String: String] {
    let rows = try await connection.query(
      """
      SELECT DISTINCT ON (s.step) s.step, s.state, encode(s.spec_hash, 'hex') AS spec
      FROM caisson.step s JOIN caisson.run r USING (run_id) JOIN caisson.plan p USING (plan_hash)
      WHERE p.name = \(resolved.plan.name) AND p.environment = \(resolved.environment.name) AND r.target = \(name)
        AND s.state IN ('done', 'undone') AND NOT starts_with(r.variant, \(Firing.variantPrefix))
      ORDER BY s.step, r.created_at DESC
      """).rows
    return try rows.reduce(into: [:]) { specs, row in
      if try row.string("state") == "done" { specs[try row.string("step")] = try row.string("spec") }
    }
  }

  /// What `plan` need not look at again: done in the live run, or carried over.
  func finishedSteps(of resolved: ResolvedPlan, registry: StepRegistry, on connection: Connection) async throws -> Set<String> {
    guard try await exists(on: connection) else { return [] }
    if let run = try await liveRun(of: resolved, on: connection) {
      return Set(try await JournalReader(connection).standings(run: run).filter { $0.state.isSatisfied }.map(\.step))
    }
    return try await carriedOver(resolved, registry: registry, on: connection)
  }

  // MARK: A new run

  func planRow(_ resolved: ResolvedPlan) -> SQL {
    JournalSQL.insertPlan(
      hash: resolved.planHash, releaseHash: resolved.releaseHash, name: resolved.plan.name,
      environment: resolved.environment.name, canonical: 1, resolved: resolved.json, engineVersion: EngineVersion.text)
  }

  /// What is voted on can be voted on from the beginning.
  func gates(of resolved: ResolvedPlan, _ prepared: Preparation) -> [SQL] {
    let needed = resolved.environment.approvals
    let all = needed == 0 ? [] : [JournalSQL.requireApproval(plan: resolved.planHash, target: name, needed: needed)]
    return all + prepared.approvals.map {
      JournalSQL.requireApproval(plan: resolved.planHash, target: name, needed: $0.roles, step: $0.step)
    }
  }

  func createRun(
    _ resolved: ResolvedPlan, prepared: Preparation, carried: Set<String>, variant: String = "", before: SQL? = nil,
    after: SQL? = nil, on connection: Connection
  ) async throws -> String {
    let draft = RunDraft(resolved: resolved, prepared: prepared, carried: carried)
    let identity = ThisProcess.identity()
    let creation = JournalSQL.createRun(
      plan: resolved.planHash, target: name, variant: variant, host: identity.host,
      actor: "\(identity.host)/\(identity.processID)", steps: try draft.steps(), programs: try draft.programs(),
      tasks: draft.tasks)
    let opening: [SQL] = ["BEGIN", planRow(resolved)] + (before.map { [$0] } ?? [])
    let rest = (after.map { [$0] } ?? []) + (variant.isEmpty ? gates(of: resolved, prepared) : [])
    let results = try await connection.batch(opening + [creation] + rest + ["COMMIT"])
    guard let row = results[opening.count].rows.first else { throw EngineError(.failed, "the run could not be created") }
    return try row.string("run_id")
  }
}
