package import JSONText
import Journal
import PlanModel
import PluginAPI
import PostgresClient
import RunModel

extension Runner {
  /// Steps that the latest run of this plan has carried past a point of no return, each with its reason.
  package func pointsOfNoReturn() async throws -> [(step: String, reason: String)] {
    try await target.lending { connection in
      let reader = JournalReader(connection)
      guard let run = try await reader.latestRun(plan: resolved.plan.name, environment: resolved.environment.name)
      else { return [] }
      var seen: Set<String> = []
      return try await UndoCheck(run: run, target: target).pointsOfNoReturn(reader).filter { seen.insert($0.step).inserted }
    }
  }

  /// Where this plan stands on its target, for a rehearsal of what is left of it. Reads only.
  package func standing() async throws -> (live: String?, finished: Set<String>) {
    try await target.lending { connection in
      let access = JournalAccess(target: target)
      guard try await access.exists(on: connection) else { return (nil, []) }
      if let live = try await access.liveRun(of: resolved, on: connection) { return (live, []) }
      if try await access.lastSuccess(of: resolved, on: connection) != nil { return (nil, Set(resolved.plan.steps.map(\.id))) }
      return (nil, try await access.carriedOver(resolved, registry: registry, on: connection))
    }
  }

  /// What names of helper objects begin with, in so many runs of this plan.
  package func tags(ofRuns count: Int) -> [String] {
    (0..<count).map { String(RunTag(planHash: resolved.planHash, earlier: $0).of("").dropLast()) }
  }

  /// Every other step that needs one of these, directly or not; or (`needed`) that one of these needs.
  package func relatives(of steps: Set<String>, needed: Bool) throws -> Set<String> {
    let graph = try Graph(resolved.plan.steps.map { ($0.id, $0.needs) })
    return steps.reduce(into: Set<String>()) { all, step in
      all.formUnion(needed ? graph.ancestors(of: step) : graph.descendants(of: step))
    }.subtracting(steps)
  }

  /// Keeps, in the target's journal, that this plan was rehearsed. False: there is no journal, or no right to write there.
  package func remember(rehearsal data: [(String, JSON)]) async throws -> Bool {
    try await target.lending { connection in
      guard try await JournalAccess(target: target).exists(on: connection),
        try await CloneCheck.run(on: connection, target: target.address.name).refusal == nil
      else { return false }
      do {
        _ = try await connection.query(
          JournalSQL.event(.planRehearsed, actor: ThisProcess.identity().id, data: .object(JSONObject(data))))
        return true
      } catch let error as PostgresError where ["42501", "25006"].contains(error.sqlState) {
        return false
      }
    }
  }
}
