import PlanSchema
import PluginAPI

/// Everything a map has of one person, in files of their own.
enum GDPRExport: StepKind {
  static let name = "gdpr.export"
  static let summary = "Exports one person's data: a private file for each table, of one moment, with checksums."

  enum Format: String, CaseIterable, Sendable, ParameterValue {
    case ndjson, json, csv

    var work: ExportWork.Format {
      switch self {
      case .ndjson: .ndjson
      case .json: .json
      case .csv: .csv
      }
    }
  }

  struct Parameters: ParameterSet {
    @Parameter("The data map: a file beside the plan, or the map itself.") var map: Located<MapSource>
    @Parameter("Key of the person: a private variable, `${subject}`.") var subject: Secret
    @Parameter("Folder of the files, under the plan's folder unless absolute. What is there already is never replaced.")
    var to: String
    @Parameter("Form of the files.") var format = Format.ndjson
    @Parameter("Columns that are not handed over, as `table.column`: credentials, what somebody else wrote or is.")
    var redact: [Located<ColumnName>] = []

    func check(_ report: inout Diagnostics) {
      report.refuseLiteral(subject, "the key of a person", example: "${subject}, a private variable", at: $subject)
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      let map = try await ResolvedMap.read(step.parameters.map, facts)
      return try await ExportCompiler(wanted: step.parameters, map: map, facts: facts).program()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}
