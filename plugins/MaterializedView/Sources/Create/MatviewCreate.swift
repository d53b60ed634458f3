import JSONText
import OnlineDDL
import PlanSchema
import PluginAPI

/// Makes a materialized view, or brings one to what the plan says, under whoever reads it.
struct MatviewCreate: StepKind {
  static let name = "matview.create"
  static let phases = [Phase.define, .build, .exchange].map(\.rawValue)

  enum Phase: String {
    /// Makes what is missing, or the outline of what is changed.
    case define
    /// Beside, with rows and everything on top.
    case build
    /// Takes the name.
    case exchange
    /// Reverse of `exchange`.
    case revert
  }

  static let summary = "Makes a materialized view; a changed definition is built beside and swapped in under its readers."

  struct Parameters: ParameterSet {
    @Parameter("The materialized view.") var name: QualifiedName
    @Parameter("The query it holds.") var query: SQLStatement?
    @Parameter("A file under the plan's folder with the query, instead of `query`.") var queryFile: PlanFile?
    @Parameter("Columns that tell its rows apart: a plain unique index, needed to refresh concurrently.")
    var uniqueKey: [Located<Identifier>] = []
    @Parameter("Further indexes.") var indexes: [Located<MatviewIndex>] = []
    @Parameter("How `matview.refresh` treats it.") var refresh = RefreshKeys()
    @Parameter("Invariants: queries that must return true, now and after every refresh.")
    var verify: [Located<SQLStatement>] = []
    @Parameter("Privileges by role: `SELECT`, or a list; PUBLIC is a role.") var grants: OrderedMap<GrantList> = [:]
    @Parameter("Comment on the view.") var comment: String?
    @Parameter("A changed definition is built beside and takes the name, with everything on top made again.")
    var onChange = OnChange.swap

    func check(_ report: inout Diagnostics) {
      if (query == nil) == (queryFile == nil) {
        report.error(
          "matview.query", query == nil ? "the query is missing" : "`query` and `query_file` exclude each other",
          at: query == nil ? $name : $queryFile, hint: "give the query as `query`, or its file as `query_file`")
      }
      let names = WantedIndex.all(self).map(\.name)
      if Set(names).count != names.count {
        report.error("matview.index", "two indexes would have one name", at: $indexes, hint: "give them a `name`")
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      guard let phase = Phase(rawValue: step.phase) else { return Program() }
      if phase == .define { return try await DefinePhase(step: step, facts: facts).program() }
      let carry: MatviewCarry = try step.carry.decoded()
      // Made, or left as it was.
      guard carry.isChanging else { return Program(carry: step.carry) }
      switch phase {
      case .define: return Program()
      case .build: return try await BuildPhase(step: step, carry: carry, facts: facts).program()
      case .exchange: return try await ExchangePhase(step: step, carry: carry, facts: facts).program()
      case .revert: return try await RevertPhase(step: step, carry: carry, facts: facts).program()
      }
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings, carry: step.carry)
    }
  }
}

enum OnChange: String, CaseIterable, Sendable, ParameterValue { case swap }
