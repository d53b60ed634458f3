import JSONText
import PlanSchema
import PluginAPI

/// Refreshes views one by one, what others read first.
struct MatviewRefresh: StepKind {
  static let name = "matview.refresh"
  static let summary = "Refreshes materialized views in the order of their dependencies, one transaction each."
  static let recurring = true

  struct Parameters: ParameterSet {
    @Parameter("The views.") var names: [Located<QualifiedName>] = []
    @Parameter("Every materialized view of the database instead of `names`.") var all = false

    func check(_ report: inout Diagnostics) {
      if all != names.isEmpty {
        report.error(
          "matview.names", all ? "`names` and `all` exclude each other" : "which views?", at: all ? $names : $all,
          hint: "write `names: [public.sales_by_day]`, or `all: true`")
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      return try await RefreshCompiler(step: step, facts: facts).program()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}
