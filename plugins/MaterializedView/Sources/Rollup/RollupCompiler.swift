import Catalog
import PlanSchema
import PluginAPI

/// The first run makes the table and fills every period; each later one brings open and late periods up to date.
struct RollupCompiler {
  let step: Step<MatviewRollup.Parameters>
  let facts: any Facts

  private var wanted: MatviewRollup.Parameters { step.parameters }

  func program() async throws -> Program {
    if let refused = try await facts.attempt("SELECT now() AT TIME ZONE \(Quoting.literal(wanted.timezone))") {
      throw StepRefusal(
        "rollup.timezone", "the server does not know time zone `\(wanted.timezone)` (\(refused.sqlState))",
        choices: ["timezone: UTC", "a name of pg_timezone_names"], at: wanted.$timezone)
    }
    let query = try await query()
    let work = RollupWork(wanted: wanted, query: query, run: step.runTag)
    let known = try await known()
    try await checkTable(known, query)
    var findings = try await columnFindings(query)
    if known != nil { findings += try await late() }
    let operations = known == nil ? work.first : work.later(isChanged: known?.query != wanted.query.text)
    return Program(
      findings: findings, operations: operations,
      privileges: [Privilege(.create(schema: wanted.table.schema)), Privilege(.create(schema: "caisson"))])
  }

  // MARK: The query

  private func query() async throws -> RollupQuery {
    let text = wanted.query
    let plain = text.expanded { "(\($0)) IS NOT NULL" }
    if let refused = try await facts.attempt("EXPLAIN (COSTS OFF) SELECT * FROM (\(plain)\n) AS q") {
      throw StepRefusal(
        "rollup.query", "the query cannot be run (\(refused.sqlState)): "
          + (refused.isAboutStatement ? refused.message : "see the server's log"),
        choices: ["correct `query`"], at: wanted.$query)
    }
    let by = Quoting.identifier(wanted.by.name)
    let byKind = try await PeriodKind.of({ "SELECT \($0)(q.\(by), NULL) FROM (\(plain)\n) AS q" }, facts)
    guard let byKind else {
      throw StepRefusal(
        "rollup.by", "the query has no column \(wanted.by) of type date, timestamp or timestamptz",
        choices: ["by: a column of the query", "date_trunc('month', …) AS \(wanted.by)"], at: wanted.$by)
    }
    var kinds: [PeriodKind] = []
    for (place, column) in text.columns.enumerated() {
      let kind = try await PeriodKind.of(trial(place), facts)
      guard let kind else {
        throw StepRefusal(
          "rollup.query", "`\(column)` in $period(…) is no date, timestamp or timestamptz",
          choices: ["$period(a column that says when)"], at: wanted.$query)
      }
      kinds.append(kind)
    }
    return RollupQuery(
      query: text, kinds: kinds, by: wanted.by.name, byKind: byKind, columns: try await columns(of: plain),
      zone: wanted.timezone)
  }

  private func trial(_ place: Int) -> (String) -> String {
    { function in
      var count = -1
      let query = wanted.query.expanded { column in
        count += 1
        return count == place ? "\(function)(\(column), NULL)" : "(\(column)) IS NOT NULL"
      }
      return "SELECT * FROM (\(query)\n) AS q"
    }
  }

  /// Names of the result's columns, from a row of NULLs.
  private func columns(of plain: String) async throws -> [String] {
    let row = try await facts.rows(
      """
      SELECT q.* FROM (SELECT 1) AS one LEFT JOIN (SELECT * FROM (\(sql: plain)
      ) AS i LIMIT 0) AS q ON true
      """).first
    let names = row?.columns ?? []
    guard Set(names).count == names.count else {
      throw StepRefusal(
        "rollup.columns", "two columns of the query have the same name", choices: ["name each with AS"],
        at: wanted.$query)
    }
    return names
  }

  // MARK: The table

  private struct Known { var period: String, timezone: String, query: String, isThere: Bool }

  private func known() async throws -> Known? {
    let isThere = try await facts.rows("SELECT to_regclass(\(literal: RollupStore.period.quoted)) IS NOT NULL AS there")
    guard try isThere.first?.bool("there") == true else { return nil }
    return try await facts.rows(
      """
      SELECT period = \(literal: wanted.period.interval)::interval AS same, period::text, timezone, query,
        to_regclass(rollup) IS NOT NULL AS there
      FROM \(id: RollupStore.rollup) WHERE rollup = \(literal: RollupStore.key(wanted.table))
      """
    ).first.map { row in
      Known(
        period: try row.bool("same") ? wanted.period.interval : try row.string("period"),
        timezone: try row.string("timezone"), query: try row.string("query"), isThere: try row.bool("there"))
    }
  }

  private func checkTable(_ known: Known?, _ query: RollupQuery) async throws {
    let table = try await facts.relation(wanted.table)
    guard let known else {
      guard table == nil else {
        throw StepRefusal(
          "rollup.table", "\(wanted.table) exists, and no rollup made it",
          choices: ["table: another name", "drop it first"], at: wanted.$table)
      }
      return
    }
    guard known.isThere else {
      throw StepRefusal(
        "rollup.table", "\(wanted.table) was a rollup and is gone", choices: [
          "restore it", "DELETE FROM \(RollupStore.rollup) WHERE rollup = \(Quoting.literal(RollupStore.key(wanted.table)))",
        ], at: wanted.$table)
    }
    guard known.period == wanted.period.interval, known.timezone == wanted.timezone else {
      throw StepRefusal(
        "rollup.period", "\(wanted.table) is cut by \(known.period) in time zone \(known.timezone): its periods cannot be cut"
          + " anew", choices: ["period: \(known.period) and timezone: \(known.timezone)", "table: another name"],
        at: wanted.$period)
    }
    let missing = query.columns.filter { table?.column($0) == nil }
    guard missing.isEmpty else {
      throw StepRefusal(
        "rollup.columns", "\(wanted.table) has no column \(missing.joined(separator: ", ")) that the query gives",
        choices: ["add it with column.add", "table: another name"], at: wanted.$query)
    }
  }

  // MARK: Findings

  private func columnFindings(_ query: RollupQuery) async throws -> [Finding] {
    var findings: [Finding] = []
    if let refused = try await facts.attempt("EXPLAIN (COSTS OFF) (\(query.whole)) EXCEPT ALL (\(query.whole))") {
      throw StepRefusal(
        "rollup.compare", "rows of the query cannot be compared (\(refused.sqlState)): \(refused.message)",
        choices: ["cast json to jsonb, and what else has no equality to text"], at: wanted.$query)
    }
    if wanted.query.columns.isEmpty {
      findings.append(.warning(
        "rollup.whole", "the query runs as a whole for every period",
        choices: ["WHERE $period(column): the period's rows are then found by an index on it"], at: wanted.$query))
    }
    return findings
  }

  /// Periods that no run brings up to date any more, and that are not what the query gives.
  private func late() async throws -> [Finding] {
    let row = try await facts.rows(
      """
      SELECT count(*) AS count, min(starts)::date::text AS first FROM \(id: RollupStore.period)
      WHERE rollup = \(literal: RollupStore.key(wanted.table)) AND differs
        AND ends AT TIME ZONE \(wanted.timezone) <= now() - \(wanted.lookback.description)::interval
      """).first
    guard let row, let first = row["first"] else { return [] }
    let count = try row.int("count")
    return [
      .warning(
        "rollup.late", "\(count) closed period\(count == 1 ? " is" : "s are") no longer what the query gives, the first"
          + " begins on \(first): rows changed later than `lookback` (\(wanted.lookback))",
        choices: ["a longer `lookback`: the periods in it are computed again"], at: wanted.$lookback)
    ]
  }
}
