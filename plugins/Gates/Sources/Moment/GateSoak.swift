import PlanSchema
import PluginAPI

/// Closed until a step has been done for a while.
struct GateSoak: StepKind {
  static let name = "gate.soak"
  static let summary = "Waits until another step of the plan has been done for a while."
  static let recurring = true
  static let isGate = true

  struct Parameters: ParameterSet {
    @Parameter("Id of the step that soaks.") var after: String
    @Parameter("How long, from when it was done.") var `for`: TimeSpan
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    Program(gates: [.soak(after: step.parameters.after, step.parameters.for)])
  }
}
