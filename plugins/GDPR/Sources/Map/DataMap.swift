import JSONText
import PlanSchema
import PluginAPI

/// Where personal data is and what becomes of it: one subject, and every table that has rows of theirs.
struct DataMap: ParameterSet {
  @Parameter("Whose data it is: a table and the column that tells its rows apart.") var subject: MapSubject
  @Parameter("Every table with rows of a subject, its own included.") var tables: [Located<MapTable>]

  func check(_ report: inout Diagnostics) {
    var seen: Set<QualifiedName> = []
    for table in tables where !seen.insert(table.value.table).inserted {
      report.error(
        "gdpr.map.twice", "`\(table.value.table)` is in the map twice", at: table.value.$table,
        hint: "several ways to the subject are a list under `path`")
    }
    if tables.isEmpty { report.error("gdpr.map.empty", "the map names no table", at: $tables) }
  }
}

/// The table with one row for each person.
struct MapSubject: ParameterSet {
  @Parameter("The table with one row for each subject.") var table: QualifiedName
  @Parameter("The column that everything else refers to.") var key: Identifier
}

/// One table of a map: how its rows belong to a subject, and what becomes of its columns.
struct MapTable: ParameterSet {
  @Parameter("The table.") var table: QualifiedName
  @Parameter("Foreign keys to the subject, as columns or constraints joined by dots: `driver_id.user_id`; or a list of such.")
  var path = ReferencePaths()
  @Parameter("Instead of or beside `path`, for references without a foreign key: a condition with `$subject` for the key.")
  var `where`: SQLExpression?
  @Parameter("What becomes of each personal column.") var columns: OrderedMap<ColumnAction> = [:]
  @Parameter("Columns that stay as they are: short for `keep` under `columns`.") var kept: [Located<Identifier>] = []
  @Parameter("What becomes of values inside JSON columns: by column, then by path (`owner.name`, `items[*].email`, `*.phone`).")
  var json: OrderedMap<OrderedMap<ColumnAction>> = [:]
  @Parameter("Why the data may be processed: contract, consent, legal obligation, … (article 6).") var basis: String?
  @Parameter("How long its rows are kept, for the record of processing.") var keep: CalendarInterval?

  func check(_ report: inout Diagnostics) {
    let names = columns.keys + kept.map(\.value.name) + json.keys
    for name in kept where names.filter({ $0 == name.value.name }).count > 1 {
      report.error("gdpr.map.twice", "`\(name.value)` is also given an action", at: name.range)
    }
    for entry in json where columns[entry.key] != nil {
      report.error(
        "gdpr.map.twice", "`\(entry.key)` has an action of its own: nothing inside it is looked at", at: entry.range)
    }
    for entry in json {
      for inner in entry.value where JSONRoute(parsing: inner.key) == nil {
        report.error(
          "gdpr.map.path", "`\(inner.key)` is not a path into a JSON value", at: inner.range,
          hint: "keys joined by dots, `*` for every key, `[*]` for every element: `old.phone`, `items[*].email`")
      }
    }
    if let condition = `where`, !condition.text.contains("$subject") {
      report.error(
        "gdpr.map.where", "the condition does not say whose rows they are", at: $where,
        hint: "use `$subject` for the subject's key: user_id = $subject")
    }
  }
}
