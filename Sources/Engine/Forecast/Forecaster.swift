import PlanModel
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// Makes a plan's forecast of what evidence has measured and how large the tables are here.
struct Forecaster {
  let resolved: ResolvedPlan
  let registry: StepRegistry
  let width: Int

  /// `evidence`: each once; the database is only read.
  func forecast(_ prepared: Preparation, _ evidence: [Evidence], on connection: Connection) async throws -> PlanForecast {
    let samples = evidence.map(StepSample.all)
    let steps = prepared.steps.map { one in (step: one.step, samples: zip(evidence, samples).compactMap { sample(of: one.step, $0, $1) }) }
    let names = Set(steps.flatMap { $0.samples.flatMap(\.extents.keys) })
    let here = try await sizes(of: names, on: connection)
    var ratios: [String: Double] = [:]
    let all = Growth(from: steps.flatMap(\.samples).reduce(into: [:]) { $0.merge($1.extents) { first, _ in first } }, to: here)
    let forecast = steps.map { step, samples -> PlanForecast.Step in
      let needed = step.needs.compactMap { ratios[$0] }
      // What it works on may be made by what it needs: that grows as those do.
      let one = StepForecast(samples, here: here, ratio: needed.max() ?? all?.ratio)
      ratios[step.id] = one.flatMap { $0.basis.growth?.ratio } ?? needed.max()
      let resources = Resource.merged((prepared[step.id]?.compiled?.program.everyLeaf ?? []).flatMap(\.held))
      return PlanForecast.Step(id: step.id, needs: step.needs, resources: resources, forecast: one)
    }
    return PlanForecast(forecast, width: width)
  }

  /// With other parameters it is another step by the same name: its measures are a hint.
  private func sample(of step: PlanStep, _ evidence: Evidence, _ samples: [String: StepSample]) -> StepSample? {
    guard var sample = samples[step.id], sample.uses == step.uses, let proof = evidence.steps[step.id] else { return nil }
    let demand = EvidenceDemand.Step(step, registry)
    sample.isPartial = sample.isPartial || proof.spec != demand.shape.withoutTuning(demand.spec)
    return sample
  }

  /// Whoever has a table locked is not waited for: then nothing is known.
  private func sizes(of names: Set<String>, on connection: Connection) async throws -> Extents {
    let transaction = FactsTransaction(connection)
    do {
      let sizes = try await TableSizes.read(names, from: transaction)
      await transaction.end()
      return sizes
    } catch {
      await transaction.end()
      guard (error as? PostgresError)?.sqlState == "55P03" else { throw error }
      return [:]
    }
  }
}
