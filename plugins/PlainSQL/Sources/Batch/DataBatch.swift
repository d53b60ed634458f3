import PlanSchema
import SQLText
import PluginAPI

/// Stub
struct DataBatch: StepKind {
  static let name = "data.batch"
  static let summary = "Changes, deletes or copies rows in chunks"
  struct Parameters: ParameterSet { @Parameter("x") var table: QualifiedName }
  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program { Program() }
}
