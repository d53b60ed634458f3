import PlanSchema
import PluginAPI

/// Closed outside of its windows.
struct GateWindow: StepKind {
  static let name = "gate.window"
  static let summary = "Waits for a stretch of the week, by the clock of a time zone."
  static let recurring = true
  static let isGate = true

  struct Parameters: ParameterSet {
    @Parameter("Days, hours and zone: Mon-Fri 01:00-05:00 Europe/Paris; one, or a list of which any will do.")
    var windows: TimeWindows

    func check(_ report: inout Diagnostics) {
      if windows.all.isEmpty { report.error("value.missing", "a window is expected", at: $windows) }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    Program(gates: [.window(step.parameters.windows.all)])
  }
}
