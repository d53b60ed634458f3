import JSONText
import PlanSchema
import PluginAPI

/// Marks a view as changed whenever one of its tables is written to, and refreshes it in its own time.
struct MatviewTrigger: StepKind {
  static let name = "matview.trigger"
  static let summary = "Triggers mark a materialized view as changed; a schedule refreshes it, never the writer."
  static let recurring = true

  /// Takes back whatever is there by then: tables may have been renamed, partitions added.
  static let removal = "remove"

  struct Parameters: ParameterSet {
    @Parameter("The materialized view.") var name: QualifiedName
    @Parameter("Tables whose changes count; default: all that the view reads, through views too.")
    var tables: [Located<QualifiedName>] = []
    @Parameter("At most one refresh in this time, however many writes there are.", tuning: true)
    var minInterval = TimeSpan.seconds(60)
    @Parameter("A firing of the step's schedule refreshes the view when it is marked; false: `matview.refresh` does.")
    var refresh = true

    func check(_ report: inout Diagnostics) {
      var seen: Set<QualifiedName> = []
      for table in tables where !seen.insert(table.value).inserted {
        report.error("matview.tables", "\(table.value) stands here twice", at: table.range)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    if step.phase == removal { return try await MarkRemoval(view: wanted.name).program(facts) }
    do {
      return try await TriggerCompiler(step: step, facts: facts).program()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}
