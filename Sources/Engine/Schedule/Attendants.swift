import PlanModel
import PlanSchema
import PluginAPI

extension ResolvedPlan {
  /// The same plan with what goes along with its steps, each with a schedule of its own. Its hashes are the plan's.
  func attended(by registry: StepRegistry) -> ResolvedPlan {
    var copy = self
    let beside = plan.steps.filter { $0.skip == nil }.compactMap { registry[$0.uses]?.attendant(of: $0) }
    copy.plan = plan.with(steps: plan.steps + beside)
    return copy
  }
}

extension StepKind {
  /// Parameters that cannot be read are told by the step itself.
  fileprivate static func attendant(of step: PlanStep) -> PlanStep? {
    guard let parameters = try? parameters(of: step), let attendant = attendant(parameters) else { return nil }
    var beside = step
    beside.id = "\(step.id):\(attendant.name)"
    beside.attends = step.id
    beside.uses = attendant.uses
    beside.with = Node(json: attendant.parameters, range: step.range)
    beside.withJSON = attendant.parameters
    beside.files = []
    beside.needs = []
    beside.schedule = Recurrence(.every(attendant.every))
    return beside
  }
}
