import JSONText
import PlanSchema
import PluginAPI
import SQLText

/// Step kinds with a parameter of every type the language has.
enum ToySteps: Plugin {
  static let name = "Toy"
  static let summary = "Kinds for tests of the language."
  static let kinds: [any StepKind.Type] = [ToyIndex.self, ToySQL.self, ToyExport.self]
  static let registry = StepRegistry([ToySteps.self])
}

protocol ToyKind: StepKind {}

extension ToyKind {
  static var summary: String { "A toy." }
  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program { Program() }
}

enum ToyMethod: String, CaseIterable, ParameterValue { case btree, hash, gin }

enum ToyIndex: ToyKind {
  static let name = "index.create"

  struct Parameters: ParameterSet {
    @Parameter("Table.") var table: QualifiedName
    @Parameter("Columns.") var columns: [Identifier]
    @Parameter("Method.") var method: ToyMethod = .btree
    @Parameter("Unique.") var unique = false
    @Parameter("Predicate.") var `where`: SQLExpression?
    @Parameter("Memory.") var maintenanceWorkMem: ByteSize?
    @Parameter("Workers.", tuning: true) var workers = 1
    @Parameter("Wait.") var wait: TimeSpan = .minutes(10)
    @Parameter("Options.") var options: OrderedMap<String> = [:]
    @Parameter("Limits.") var limits: Limits?

    func check(_ report: inout Diagnostics) {
      if workers < 1 { report.error("index.workers", "at least one worker is needed", at: $workers) }
    }
  }

  struct Limits: ParameterSet {
    @Parameter("Fill.") var fill = 90.0
    @Parameter("Scans.") var scans = 0
  }
}

enum ToySQL: ToyKind {
  static let name = "sql.run"

  struct Parameters: ParameterSet {
    @Parameter("Forward.") var up: SQLStatement?
    @Parameter("Forward, from a file.") var file: PlanFile?
    @Parameter("Kept for.") var keep: CalendarInterval = .months(1)
    @Parameter("Anything.") var extra: JSON = .null
  }
}

enum ToyExport: ToyKind {
  static let name = "gdpr.export"

  struct Parameters: ParameterSet {
    @Parameter("Folder.") var to: String
    @Parameter("Password.") var password: Secret?
  }
}
