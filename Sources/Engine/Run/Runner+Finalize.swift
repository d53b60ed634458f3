import Journal
import PlanModel
import PostgresClient
import RunModel

extension Runner {
  /// Carries out phases that were put off: those that are due, or (`early`) all of them. `nil`: none.
  ///
  /// The run may be of an earlier version of the plan: its own, frozen in the journal, is what counts.
  package func finalize(early: Bool = false) async throws -> RunReport? {
    let begun: (runner: Runner, run: String)?
    do {
      begun = try await beginFinalize(early: early)
    } catch let error as PostgresError where error.sqlState == "CA005" {
      throw EngineError(
        .held, "another run of this plan is under way", hint: "what was put off is carried out when it has ended")
    }
    guard let begun else { return nil }
    return try await begun.runner.proceed(begun.run, resumed: true, until: nil)
  }

  private func beginFinalize(early: Bool) async throws -> (runner: Runner, run: String)? {
    try await target.lending { connection in
      guard let run = try await runToFinalize(on: connection) else { return nil }
      let runner = try await asOf(run, on: connection)
      let begun = try await connection.query(
        JournalSQL.beginFinalize(run.id, early: early, actor: ThisProcess.identity().id))
      return begun.value == "0" ? nil : (runner, run.id)
    }
  }

  /// The succeeded run of this plan whose phases are due first.
  private func runToFinalize(on connection: Connection) async throws -> RunRecord? {
    guard try await JournalAccess(target: target).exists(on: connection) else { return nil }
    if let refusal = try await CloneCheck.run(on: connection, target: target.address.name).refusal { throw refusal }
    return try await JournalReader(connection).firstToFinalize(
      plan: resolved.plan.name, environment: resolved.environment.name)
  }

  private func asOf(_ run: RunRecord, on connection: Connection) async throws -> Runner {
    var plan = resolved
    if run.planHash != resolved.planHash, let record = try await JournalReader(connection).plan(hash: run.planHash) {
      plan = try ResolvedPlan(frozen: record.resolved, releaseHash: record.releaseHash)
      plan.folder = resolved.folder
      plan.secretsFolder = resolved.secretsFolder
      plan.environment.signingKey = resolved.environment.signingKey
    }
    return Runner(
      try plan.narrowed(to: run), target: target, registry: registry, width: width, stop: stop, variant: run.variant,
      rehearsal: rehearsal, reporter: reporter)
  }
}
