import Journal
import JSONText
import PlanModel
import PluginAPI
import PostgresClient
package import RunModel
import SQLText

/// What `plan` says of time and space.
package struct ForecastPreview: Sendable {
  package let plan: PlanForecast
  /// Where the server keeps its data, as far as `limits.free_disk` makes it known.
  package let freeDisk: Int64?
}

extension Runner {
  /// `there`: what the environment requires, and has found.
  func forecastPreview(_ prepared: Preparation, _ there: [Evidence]) async throws -> ForecastPreview {
    try await target.lending { connection in
      let hasJournal = try await JournalAccess(target: target).exists(on: connection)
      let here = hasJournal ? try await JournalReader(connection).measuredEvidence(of: resolved, run: nil) : []
      let evidence = (there + here).reduce(into: [Evidence]()) { all, one in
        if !all.contains(where: { $0.id == one.id }) { all.append(one) }
      }
      let limits = resolved.environment.limits
      let free = limits.freeDisk == nil ? nil : try? await LimitLook(limits: limits, connection: connection).freeForData()
      return ForecastPreview(plan: try await forecaster.forecast(prepared, evidence, on: connection), freeDisk: free)
    }
  }

  var forecaster: Forecaster { Forecaster(resolved: resolved, registry: registry, width: width) }

  /// Kept with the run before its first step, for what comes of it to be compared with. Nobody waits for it in vain: what
  /// goes wrong here takes nothing from the run.
  func keepForecast(of run: String, _ prepared: Preparation) async {
    guard variant.isEmpty, rehearsal == nil else { return }
    try? await target.lending { connection in
      let evidence = try await JournalReader(connection).measuredEvidence(of: resolved, run: run)
      guard !evidence.isEmpty else { return }
      let forecast = try await forecaster.forecast(prepared, evidence, on: connection)
      if forecast.hasBasis { try await connection.query(JournalSQL.keepForecast(forecast.json, of: run)) }
    }
  }
}

extension JournalReader {
  /// What runs of this plan have left here, and what has let others begin, the latest first: some of each, for one sample
  /// says less than several. `run`: nothing, if that has begun or has its forecast.
  func measuredEvidence(of resolved: ResolvedPlan, run: String?) async throws -> [Evidence] {
    let plan = resolved.plan.name
    let own = resolved.environment.name, other = resolved.environment.requires?.environment
    return try await evidenceBodies(of: plan, environments: [own, other].compactMap { $0 }, before: run).compactMap {
      try? Evidence(body: $0)
    }
  }
}
