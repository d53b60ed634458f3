import JSONText
import PlanSchema
import PluginAPI

/// The record of processing activities (article 30), from the map, the catalog and what the plan says.
struct GDPRReport: StepKind {
  static let name = "gdpr.report"
  static let summary = "The record of processing activities of article 30, from the data map: Markdown and JSON."
  /// Written just before it is needed: runs of the same plan are in it.
  static let phases = ["check", "write"]
  static let recurring = true

  struct Parameters: ParameterSet {
    @Parameter("The data map: a file beside the plan, or the map itself.") var map: Located<MapSource>
    @Parameter("Path of the record, without its ending: `.md` and `.json` are written.") var to: String
    @Parameter("Article 30(1)(a): who is responsible.") var controller: ControllerKeys
    @Parameter("(b): what the data is processed for.") var purposes: [String]
    @Parameter("(c): whose data it is; the categories of data come from the map.") var subjects: [String]
    @Parameter("(d): who receives it; `none` if nobody does.") var recipients: NamedList
    @Parameter("(e): third countries it goes to, with the safeguards; `none` if there are none.") var transfers: NamedList
    @Parameter("(f): how long data is kept where the map's `keep` does not say.") var keep: CalendarInterval?
    @Parameter("(g): technical and organisational measures.") var security: [String]
    @Parameter("Who is on hold: a table with their keys, or a query that returns them.") var holds: HoldSource?
    @Parameter("The column of the holds' table that says why: holds are counted by it.") var holdReason: Identifier?

    func check(_ report: inout Diagnostics) {
      let lists = [("purposes", purposes, $purposes), ("subjects", subjects, $subjects), ("security", security, $security)]
      for (key, list, range) in lists where list.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) {
        report.error("gdpr.report.empty", "`\(key)` is a heading of the record and cannot be empty", at: range)
      }
      let parts = to.split(separator: "/", omittingEmptySubsequences: false)
      if to.hasPrefix("/") || parts.contains("..") || parts.last?.isEmpty ?? true {
        report.error("gdpr.report.path", "`\(to)` is not a path under the plan's folder", at: $to, hint: "for example record")
      }
      if holdReason != nil, holds?.table == nil {
        report.error("gdpr.report.holds", "`hold_reason` is a column of the holds' `table`", at: $holdReason)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      let map = try await ResolvedMap.read(step.parameters.map, facts)
      var findings = map.findings + RecordFindings(wanted: step.parameters, map: map).all
      if step.phase == "write" { findings = findings.filter { $0.severity == .refusal } }
      guard step.phase == "write", !findings.contains(where: { $0.severity == .refusal }) else {
        return Program(findings: findings)
      }
      let standing = try await Standing.read(step.parameters, map, facts)
      let record = ProcessingRecord(wanted: step.parameters, map: map, standing: standing)
      return Program(findings: findings, operations: record.operations)
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}

/// `{name: ZenFleet SARL, contact: dpo@zenfleet.example, officer: …}`
struct ControllerKeys: ParameterSet {
  @Parameter("Name of the organisation.") var name: String
  @Parameter("Address, telephone or e-mail.") var contact: String
  @Parameter("Joint controllers.") var joint: [String] = []
  @Parameter("Representative in the Union.") var representative: String?
  @Parameter("Data protection officer.") var officer: String?
}

/// A list, or the word `none`: an empty heading says nothing.
struct NamedList: ParameterValue, Hashable {
  var items: [String]

  static var shape: Shape { .oneOf([.list(.string), .enumeration(["none"])]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> NamedList? {
    if node.text == "none" { return NamedList(items: []) }
    guard let items = [String].read(node, &report) else { return nil }
    guard !items.isEmpty else {
      report.error("gdpr.report.empty", "an empty list says nothing", at: node.range, hint: "write `none` if there are none")
      return nil
    }
    return NamedList(items: items)
  }

  var json: JSON { items.isEmpty ? "none" : items.json }

  var shown: [String] { items.isEmpty ? ["None."] : items }
}

/// What the record would lack.
struct RecordFindings {
  let wanted: GDPRReport.Parameters
  let map: ResolvedMap

  var all: [Finding] { [limits, bases].compactMap { $0 } }

  private var personal: [MappedTable] { map.tables.filter { $0.isOwned && !$0.changed.isEmpty } }

  private var limits: Finding? {
    let open = personal.filter { $0.keep == nil }
    guard wanted.keep == nil, !open.isEmpty else { return nil }
    return .refusal(
      "gdpr.report.keep", "nothing says how long \(open.map { "\($0.name)" }.joined(separator: ", ")) is kept: heading (f)",
      choices: ["`keep: 3 years` at the table in the map", "`keep` of the step, for all others"], at: wanted.$map.firstCharacter)
  }

  private var bases: Finding? {
    let open = personal.filter { $0.basis == nil }
    guard !open.isEmpty else { return nil }
    return .warning(
      "gdpr.report.basis", "the map names no basis for \(open.map { "\($0.name)" }.joined(separator: ", "))",
      choices: ["`basis: contract (article 6(1)(b))` at the table"], at: wanted.$map.firstCharacter)
  }
}
