import Engine
import JSONText
import PlanModel
import PluginAPI

/// The plan as a clone runs it: the environment's own settings, without what is about another time, person or machine.
struct RehearsedPlan {
  private(set) var resolved: ResolvedPlan
  private(set) var omitted: [RehearsalReport.Omission] = []

  /// `finished`: steps that the target has behind it.
  init(_ original: ResolvedPlan, folder: String, finished: Set<String>, registry: StepRegistry) {
    resolved = original
    resolved.folder = folder
    let own = original.environment
    resolved.environment = own.onClone(accepting: original.plan.steps.map(\.id))
    // The journal reads there who has to approve.
    if case .object(var frozen) = resolved.json {
      frozen["environment"] = resolved.environment.json
      resolved.json = .object(frozen)
    }
    for place in resolved.plan.steps.indices {
      let step = resolved.plan.steps[place]
      resolved.plan.change(place) { step in
        step.host = nil
        step.policy.windows = []
      }
      if step.skip != nil { continue }
      if registry[step.uses]?.isGate ?? false {
        omit(place, "\(step.uses) is a gate, and a clone waits at none")
      } else if finished.contains(step.id) {
        omit(place, "the target has it already")
      }
    }
    let gates = [
      (own.approvals > 0, "approvals"), (!own.windows.isEmpty, "windows"), (!own.limits.isEmpty, "limits"),
      (own.requires != nil, "evidence"),
    ].filter(\.0).map(\.1)
    if !gates.isEmpty { omitted.append(.init(step: nil, reason: "the environment's \(gates.joined(separator: ", "))")) }
  }

  private mutating func omit(_ place: Int, _ reason: String) {
    resolved.plan.change(place) { $0.skip = reason }
    omitted.append(.init(step: resolved.plan.steps[place].id, reason: reason))
  }

  /// Leaves out steps that cannot be run here, and those that build on them.
  mutating func leaveOut(_ reasons: [String: String], with dependents: Set<String>) {
    for place in resolved.plan.steps.indices where resolved.plan.steps[place].skip == nil {
      let id = resolved.plan.steps[place].id
      if let reason = reasons[id] {
        omit(place, reason)
      } else if dependents.contains(id) {
        omit(place, "it builds on a step that is not rehearsed")
      }
    }
  }

  var isEmpty: Bool { resolved.plan.steps.allSatisfy { $0.skip != nil } }
}
