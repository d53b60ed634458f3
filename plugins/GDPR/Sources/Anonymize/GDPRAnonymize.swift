import JSONText
import PlanSchema
import PluginAPI

/// Makes the data of people who are gone nobody's, everywhere the map says it is.
struct GDPRAnonymize: StepKind {
  static let name = "gdpr.anonymize"
  static let summary = "Makes people's data nobody's, everywhere the data map says it is, in batches that skip nobody."
  static let phases = [Phase.anonymize, .check, .expire].map(\.rawValue)
  static let recurring = true

  enum Phase: String {
    /// Selects once, works through the selection.
    case anonymize
    /// Does again what was written meanwhile, looks for what is left.
    case check
    /// The quarantined originals go.
    case expire
  }

  struct Parameters: ParameterSet {
    @Parameter("The data map: a file beside the plan, or the map itself.") var map: Located<MapSource>
    @Parameter("Who counts as inactive.") var inactive: InactiveKeys?
    @Parameter("A further condition on the subject's table, whose columns stand alone or as `t.column`.")
    var `where`: SQLExpression?
    @Parameter("Who is never touched: a table with their keys, or a query that returns them.") var holds: HoldSource?
    @Parameter("Subjects in one transaction, at most.", tuning: true) var batch = 500
    @Parameter("What the application's triggers do meanwhile.") var triggers = TriggerPolicy.keep
    @Parameter("Tables of the map that receive copies of the changes: done again after all others, in the same transaction.")
    var scrub: [Located<QualifiedName>] = []
    @Parameter("A table of the application's that gets a row for each subject.") var auditTable: AuditKeys?
    @Parameter("Columns of the subject's table that say it is done: who has them is not selected again.") var marker: MarkerKeys?
    @Parameter("Afterwards nothing that was replaced may stand anywhere in the map.") var residualScan = true
    @Parameter("Afterwards so many people have to share each combination of these columns.") var kAnonymity: KAnonymityKeys?
    @Parameter("Keeps the original rows aside for a while: until then a rollback puts them back.") var quarantine: QuarantineKeys?

    func check(_ report: inout Diagnostics) {
      if inactive == nil, `where` == nil {
        report.error(
          "gdpr.everybody", "nothing says who is anonymised", at: $map.firstCharacter,
          hint: "give `inactive`, `where` or both; for everybody: `where: \"true\"`")
      }
      if batch < 1 { report.error("gdpr.batch", "at least one", at: $batch) }
      if auditTable != nil, marker == nil {
        report.error(
          "gdpr.marker", "`audit_table` needs a `marker`: without one the same people are selected again", at: $auditTable)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      switch Phase(rawValue: step.phase) {
      case .anonymize: return try await AnonymizeCompiler(step: step, facts: facts).program()
      case .check: return try await AnonymizeCompiler(step: step, facts: facts).check()
      case .expire: return try Quarantine.expiry(step.carry)
      case nil: return Program()
      }
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings, carry: step.carry)
    }
  }

  static func delay(before phase: String, _ parameters: Parameters) -> TimeSpan? {
    phase == Phase.expire.rawValue ? parameters.quarantine?.keep : nil
  }
}
