import Catalog
import SQLText
import FoundationEssentials
package import JSONText
package import PlanSchema
package import PluginAPI
package import YAMLTree

/// `test.program`: a step whose operations stand in the plan, written as the journal writes them.
package enum TestProgram: StepKind {
  package static let name = "test.program"
  package static let summary = "Runs the operations written in the plan."

  package struct Parameters: ParameterSet {
    @Parameter("Operations, as the journal writes them.") package var operations: OperationList
    @Parameter("A relation the program asks the catalog about.") package var consults: String?
    @Parameter("Why it refuses to run.") package var refusal: String?
    package init() {}
  }

  package struct OperationList: ParameterValue {
    package var json: JSON
    package static var shape: Shape { .any }
    package static func read(_ node: Node, _ report: inout Diagnostics) -> OperationList? {
      OperationList(json: node.json)
    }
  }

  package static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    if let relation = step.parameters.consults, let name = QualifiedName(parsing: relation) {
      await facts.consulted(name)
      _ = try await facts.rows("SELECT to_regclass(\(name.quoted))::text")
    }
    let text = Data(step.parameters.operations.json.text.utf8)
    let operations = try JSONDecoder().decode([PluginAPI.Operation].self, from: text)
    let findings = step.parameters.refusal.map { [Finding.refusal("test.refusal", $0, choices: ["do otherwise"])] } ?? []
    return Program(findings: findings, operations: operations)
  }
}

/// `test.deferred`: the same in two phases, the second due `after` the first.
package enum TestDeferred: StepKind {
  package static let name = "test.deferred"
  package static let summary = "Runs operations now, and others later."
  package static let phases = ["apply", "finalize"]

  package struct Parameters: ParameterSet {
    @Parameter("Operations now.") package var now: TestProgram.OperationList
    @Parameter("Operations later.") package var later: TestProgram.OperationList
    @Parameter("When the later ones are due.") package var after: TimeSpan
    package init() {}
  }

  package static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let list = step.phase == "apply" ? step.parameters.now : step.parameters.later
    return Program(operations: try JSONDecoder().decode([PluginAPI.Operation].self, from: Data(list.json.text.utf8)))
  }

  package static func delay(before phase: String, _ parameters: Parameters) -> TimeSpan? { parameters.after }
}

extension TestProgram {
  /// A step of these operations, as it stands under `steps:`; `more` are further keys of the step.
  package static func step(_ id: String, _ operations: [PluginAPI.Operation], more: String = "") throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(operations), as: UTF8.self)
    return "  \(id): { uses: test.program, \(more.isEmpty ? "" : "\(more), ")with: { operations: \(text) } }\n"
  }
}

package enum TestPlugin: Plugin {
  package static let name = "Test"
  package static let summary = "Steps for tests."
  package static var kinds: [any StepKind.Type] { [TestProgram.self, TestDeferred.self] }
}
