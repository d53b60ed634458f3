import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText

/// Creates or replaces a function; rollback brings back the one that was there.
struct FunctionDefine: StepKind {
  static let name = "function.define"
  static let summary = "Creates or replaces one function or procedure, keeping the previous one for rollback."

  struct Parameters: ParameterSet {
    @Parameter("The function, without its arguments.") var name: QualifiedName
    @Parameter("A file under the plan's folder with the whole CREATE FUNCTION statement.") var file: PlanFile?
    @Parameter("The same statement here, instead of `file`.") var body: SQLStatement?

    func check(_ report: inout Diagnostics) {
      if (file == nil) == (body == nil) {
        report.error(
          "function.source", file == nil ? "the definition is missing" : "`file` and `body` exclude each other",
          at: file == nil ? $name : $body, hint: "give the whole CREATE FUNCTION statement as `file` or as `body`")
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let place = step.parameters.file == nil ? step.parameters.$body : step.parameters.$file
    let source: String
    if let file = step.parameters.file {
      source = try await facts.file(file.path)
    } else {
      source = step.parameters.body?.text ?? ""
    }
    switch FunctionSource.read(source, named: step.parameters.name, at: place) {
    case .failure(let problem): return Program(findings: [problem.finding])
    case .success(let wanted):
      return try await FunctionCompiler(wanted: wanted, name: step.parameters.name, place: place, facts: facts)
        .program()
    }
  }
}
