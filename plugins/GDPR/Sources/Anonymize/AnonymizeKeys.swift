import JSONText
import PlanSchema
import PluginAPI

/// `{column: last_activity_at, for: 3 years, null_activity: exclude}`
struct InactiveKeys: ParameterSet {
  @Parameter("When somebody was last seen.") var column: Identifier
  @Parameter("Longer ago than this.") var `for`: CalendarInterval
  @Parameter("Who was never seen: `include`, `exclude`, or the column to go by instead, such as `created_at`.")
  var nullActivity: NullActivity
}

/// What an unknown activity means; there is no safe default, so there is none.
enum NullActivity: ParameterValue, Hashable {
  case include, exclude
  case column(Identifier)

  static var shape: Shape { .oneOf([.enumeration(["include", "exclude"]), Identifier.shape]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> NullActivity? {
    switch node.text {
    case "include": .include
    case "exclude": .exclude
    default: Identifier.read(node, &report).map(NullActivity.column)
    }
  }

  var json: JSON {
    switch self {
    case .include: "include"
    case .exclude: "exclude"
    case .column(let name): name.json
    }
  }
}

/// A table of the people on hold, or a query.
struct HoldSource: ParameterSet {
  @Parameter("A table with a row for each hold.") var table: QualifiedName?
  @Parameter("Its column with the subject's key.") var key: Identifier?
  @Parameter("Which of its rows are in force.") var `where`: SQLExpression?
  @Parameter("Instead of a table: a query whose one column is the subject's key.") var query: SQLStatement?

  func check(_ report: inout Diagnostics) {
    if (table == nil) == (query == nil) || (table != nil) != (key != nil) || (query != nil && `where` != nil) {
      report.error(
        "gdpr.holds", "holds are a `table` with its `key`, or a `query`", at: $table,
        hint: "{table: legal_holds, key: user_id, where: until IS NULL OR until >= current_date}")
    }
  }

  /// Rows with one column, `key`.
  var relation: SQL {
    if let query { return "SELECT * FROM (\(sql: query.text)\n) AS asked(key)" }
    guard let table, let key else { return "SELECT NULL AS key WHERE false" }
    let condition: SQL = `where`.map { " WHERE (\(sql: $0.text)\n)" } ?? ""
    return "SELECT \(id: key.name) AS key FROM \(id: table)\(sql: condition)"
  }
}

/// `keep`, or what is done about the application's triggers.
enum TriggerPolicy: ParameterValue, Hashable {
  case keep
  case changed(disable: [TriggerName], settings: [String: String])

  static var shape: Shape { .oneOf([.enumeration(["keep"]), TriggerKeys.shape]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> TriggerPolicy? {
    if node.pairs != nil {
      return TriggerKeys.read(node, &report).map { keys in
        .changed(
          disable: keys.disable.map(\.value),
          settings: Dictionary(keys.settings.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }))
      }
    }
    if node.text == "keep" { return .keep }
    report.unexpected(node, wanted: "`keep` or {disable: […]}")
    return nil
  }

  var json: JSON {
    guard case .changed(let disable, let settings) = self else { return "keep" }
    return ["disable": disable.json, "settings": .object(JSONObject(settings.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))]
  }

  var disabled: [TriggerName] { if case .changed(let list, _) = self { list } else { [] } }
  var settings: [Setting] {
    guard case .changed(_, let settings) = self else { return [] }
    return settings.sorted { $0.key < $1.key }.map { Setting($0.key, $0.value) }
  }
}

struct TriggerKeys: ParameterSet {
  @Parameter("Triggers that do not fire for these changes, as `table.trigger`: writers wait while a batch lasts.")
  var disable: [Located<TriggerName>] = []
  @Parameter("Settings that the application's triggers look at, made for these transactions alone.")
  var settings: OrderedMap<String> = [:]
}

/// `audit_logs.no_rewrite`, `fleet.audit_logs.no_rewrite`
struct TriggerName: ParameterValue, Hashable {
  var table: QualifiedName
  var trigger: String

  static var shape: Shape { .named("trigger") }

  static func read(_ node: Node, _ report: inout Diagnostics) -> TriggerName? {
    guard let path = ReferencePath.read(node, &report) else { return nil }
    switch path.hops.count {
    case 2: return TriggerName(table: QualifiedName("public", path.hops[0]), trigger: path.hops[1])
    case 3: return TriggerName(table: QualifiedName(path.hops[0], path.hops[1]), trigger: path.hops[2])
    default:
      report.error("gdpr.trigger", "a trigger is named with its table", at: node.range, hint: "audit_logs.no_rewrite")
      return nil
    }
  }

  var json: JSON { ReferencePath(hops: [table.schema, table.name, trigger]).json }
}

/// `{table: gdpr_audit_logs, subject: user_id, values: {action: anonymised}}`
struct AuditKeys: ParameterSet {
  @Parameter("The table.") var table: QualifiedName
  @Parameter("Its column for the subject's key.") var subject: Identifier
  @Parameter("Values of its other columns, read as their types.") var values: OrderedMap<String> = [:]
}

/// `{column: is_anonymised, at: anonymised_at}`
struct MarkerKeys: ParameterSet {
  @Parameter("A boolean column that becomes true.") var column: Identifier
  @Parameter("A column for the time.") var at: Identifier?
}

/// `{quasi_identifiers: [birth_date, city], k: 5}`
struct KAnonymityKeys: ParameterSet {
  @Parameter("Columns of the subject's table that together may single somebody out.") var quasiIdentifiers: [Located<Identifier>]
  @Parameter("How many have to share each combination.") var k: Int

  func check(_ report: inout Diagnostics) {
    if k < 2 { report.error("gdpr.k", "at least 2: everybody shares with themselves", at: $k) }
    if quasiIdentifiers.isEmpty { report.error("gdpr.k", "at least one column", at: $quasiIdentifiers) }
  }
}

/// `{schema: quarantine, keep: 30 days}`
struct QuarantineKeys: ParameterSet {
  @Parameter("Where the original rows go; a schema that few may read.") var schema: Identifier
  @Parameter("How long they stay.") var keep: TimeSpan
}
