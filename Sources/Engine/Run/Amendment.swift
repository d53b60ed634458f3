import JSONText
import Journal
import PlanModel
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// An unfinished run goes on with an edited plan: what has not run is compiled anew, what has is kept as it is.
struct Amendment {
  let runner: Runner
  let run: RunRecord

  private var resolved: ResolvedPlan { runner.resolved }

  /// Refusals of the new plan; none: the run is amended. One transaction, so a process that dies leaves the one plan or
  /// the other.
  func carryOut(on connection: Connection) async throws -> [(step: String, finding: Finding)] {
    try await refuseSolid(try await connection.query(JournalSQL.amendProblems(run.id, wanted: specs)).rows)
    let access = JournalAccess(target: runner.target)
    let carried = try await access.carriedOver(resolved, registry: runner.registry, on: connection)
    let prepared = try await prepare(carried: carried, on: connection)
    guard prepared.refusals.isEmpty else { return prepared.refusals }
    try await runner.refuseSessionless(prepared)
    let draft = RunDraft(resolved: resolved, prepared: prepared, carried: carried)
    let difference = try await difference(on: connection)
    let outcome = await connection.transaction { connection in
      try await connection.query(access.planRow(resolved))
      let rows = try await connection.query(
        JournalSQL.amendRun(
          run.id, from: run.planHash, to: resolved.planHash, actor: ThisProcess.host, steps: try draft.steps(),
          programs: try draft.programs(), tasks: draft.tasks, difference: .array(difference.map(JSON.string)))).rows
      try await refuseSolid(rows)
      for gate in access.gates(of: resolved, prepared) { try await connection.query(gate) }
    }
    switch outcome {
    case .committed: break
    case .rolledBack(let error): throw error
    case .unknown(let error):
      guard try await landed() else { throw error }
    }
    for line in difference { runner.reporter(.notice(step: "plan", text: line)) }
    return []
  }

  /// An answer that was lost: the journal knows.
  private func landed() async throws -> Bool {
    try await runner.target.lending { try await JournalReader($0).run(run.id)?.planHash == resolved.planHash }
  }

  /// Names of what it has made so far stay.
  private func prepare(carried: Set<String>, on connection: Connection) async throws -> Preparation {
    guard let row = try await connection.query(JournalSQL.origin(run.id)).rows.first else {
      throw EngineError(.unknown, "the journal has no run \(run.id)")
    }
    let rows = try await connection.query(
      """
      SELECT s.step, s.state IN ('done','skipped') AS satisfied FROM caisson.step s
      WHERE s.run_id = \(run.id) AND caisson.is_solid(s)
      """).rows
    var finished = carried, begun: Set<String> = []
    for row in rows {
      let step = try row.string("step")
      if try row.bool("satisfied") { finished.insert(step) } else { begun.insert(step) }
    }
    return try await runner.compiler().prepare(
      resolved.plan, finished: finished, begun: begun.subtracting(finished),
      tag: RunTag(planHash: try row.string("origin"), earlier: try row.int("earlier")), accepting: runner.accepted,
      on: connection)
  }

  private func difference(on connection: Connection) async throws -> [String] {
    guard run.planHash != resolved.planHash, let stored = try await JournalReader(connection).plan(hash: run.planHash)
    else { return [] }
    return Array(PlanDifference.lines(old: stored.resolved, new: resolved.json).prefix(200))
  }

  /// What is compared with the steps of the run.
  private var specs: JSON {
    .array(resolved.plan.steps.map { step in
      [
        "step": .string(step.id), "kind": .string(step.uses), "spec_hash": .string("\\x" + step.specHash),
        "state": step.skip == nil ? .null : "skipped",
      ]
    })
  }

  // MARK: What cannot be amended

  private func refuseSolid(_ rows: [Row]) async throws {
    guard let first = rows.first else { return }
    switch first["problem"] {
    case "moved":
      throw EngineError(
        .held, "run \(run.id.prefix(8)) was turned, or amended, by somebody else just now", hint: "caisson status")
    case "held":
      throw EngineError(
        .held, "step \(first["step"] ?? "") of run \(run.id.prefix(8)) is being worked on",
        hint: "caisson pause first, and wait for it; or stop that runner", step: first["step"])
    default:
      let what = rows.map { row in
        "  \(row["step"] ?? ""): begun or done, and \(row["problem"] ?? "changed") in the plan"
      }
      throw EngineError(
        .drift, "run \(run.id.prefix(8)) cannot be amended:\n" + what.joined(separator: "\n"),
        hint: "undo those edits; or take the steps back first, with the files as they were: caisson rollback --to STEP, "
          + "where STEP is the last one that stays", step: first["step"])
    }
  }
}

extension Runner {
  /// Brings the unfinished run of this plan, whatever version of it, to the plan as it is now. `nil`: there is none.
  func amend(on connection: Connection) async throws -> (run: String, refusals: [(step: String, finding: Finding)])? {
    let access = JournalAccess(target: target)
    let same = try await access.liveRun(of: resolved, on: connection)
    let found = if let same { try await JournalReader(connection).run(same) } else {
      try await access.otherLiveRun(of: resolved, on: connection)
    }
    guard let found else { return nil }
    if let stored = try await JournalReader(connection).plan(hash: found.planHash),
      PlanDifference.isPrivateOnly(old: stored.resolved, new: resolved.json) {
      try await access.refuseOtherLiveRun(of: resolved, on: connection)
    }
    return (found.id, try await Amendment(runner: self, run: found).carryOut(on: connection))
  }
}
