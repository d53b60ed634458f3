import Digest
import JSONText
import PlanModel
import PluginAPI

/// The rows of a new run. Programs that depend on nothing but their parameters are written with it: they may ride.
struct RunDraft {
  let resolved: ResolvedPlan
  let prepared: Preparation
  let carried: Set<String>

  func steps() throws -> JSON {
    .array(try resolved.plan.steps.enumerated().map { place, step in
      var row = JSONObject([
        ("step", .string(step.id)), ("ord", .int(Int64(place))), ("kind", .string(step.uses)),
        ("spec_hash", .string("\\x" + step.specHash)), ("needs", .array(step.needs.map(JSON.string))),
        ("irreversible", .bool(!(byStep[step.id]?.irreversible.isEmpty ?? true))),
        ("single_tx", .bool(byStep[step.id]?.compiled?.rides ?? false)),
        ("host", step.host.map(JSON.string) ?? .null), ("local", .bool(byStep[step.id]?.compiled?.isLocal ?? false)),
      ])
      if let reason = step.skip {
        row["state"] = "skipped"
        row["reason"] = .string(reason)
      } else if carried.contains(step.id) {
        row["state"] = "done"
        row["done_by"] = "carried"
      }
      if let shown = try shown(step.id) { row["shown"] = shown }
      return .object(row)
    })
  }

  /// Kept for the claim to compare with, where it is certain and not what there is at each moment. What rides depends on
  /// its parameters alone.
  private func shown(_ step: String) throws -> JSON? {
    guard let one = byStep[step], let compiled = one.compiled, !compiled.rides, !compiled.isRecurring else { return nil }
    return try one.certain.map(OperationText.json)
  }

  func programs() throws -> JSON {
    .array(try riding.map { compiled in
      [
        "step": .string(compiled.step.id), "phase": 1, "name": .string(compiled.phase),
        "operations": try OperationText.json(compiled.operations), "undo": [], "carry": compiled.program.carry,
        "facts_digest": nil, "findings": .array(compiled.program.findings.map(\.json)),
      ]
    })
  }

  var tasks: JSON {
    .array(riding.flatMap { compiled in
      compiled.program.leaves.map { leaf -> JSON in
        var row = leaf.task().object ?? JSONObject()
        row["step"] = .string(compiled.step.id)
        row["phase"] = 1
        return .object(row)
      }
    })
  }

  private let byStep: [String: Preparation.Prepared]

  init(resolved: ResolvedPlan, prepared: Preparation, carried: Set<String>) {
    self.resolved = resolved
    self.prepared = prepared
    self.carried = carried
    byStep = Dictionary(prepared.steps.map { ($0.step.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private var riding: [CompiledPhase] { prepared.steps.compactMap(\.compiled).filter(\.rides) }
}
