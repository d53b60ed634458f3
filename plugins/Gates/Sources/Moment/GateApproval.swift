import PlanSchema
import PluginAPI

/// Closed until other roles have approved the step.
struct GateApproval: StepKind {
  static let name = "gate.approval"
  static let summary = "Waits until other database roles have approved the step: caisson approve STEP."
  static let recurring = true
  static let isGate = true

  struct Parameters: ParameterSet {
    @Parameter("How many roles, none of them the one that began the run.") var roles = 1

    func check(_ report: inout Diagnostics) {
      if !(1...100).contains(roles) {
        report.error("value.range", "between 1 and 100 approvals can be asked for", at: $roles)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    Program(gates: [.approval(roles: step.parameters.roles)])
  }
}
