@testable import MaterializedView
import PluginAPI
import TestSupport
import Testing

private let tables = """
  CREATE TABLE calls (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz, seconds int NOT NULL, notes json);
  CREATE INDEX ON calls (at);
  INSERT INTO calls (at, seconds) SELECT date_trunc('month', now()) - g * interval '6 hours', g
  FROM generate_series(-8, 700) g WHERE g NOT BETWEEN 100 AND 330;
  CREATE TABLE taken (x int);
  """

private let monthly = """
  SELECT date_trunc('month', at AT TIME ZONE 'Europe/Paris')::date AS month, count(*) AS n, sum(seconds) AS s \
  FROM calls WHERE $period(at) GROUP BY 1
  """

/// The step's parameters.
private func with(_ more: String = "", query: String = monthly) -> String {
  "{table: by_month, by: month, timezone: Europe/Paris, query: \"\(query)\"\(more.isEmpty ? "" : ", \(more)")}"
}

@Suite("matview.rollup", .database(template: tables))
struct MatviewRollupTests {
  private var database: TestDatabase { .current }

  private func harness(_ more: String = "", query: String = monthly) throws -> EngineHarness {
    try EngineHarness("  s: { uses: matview.rollup, with: \(with(more, query: query)) }", registry: StepRegistry([MaterializedViewPlugin.self]))
  }

  private func run(_ more: String = "", query: String = monthly) async throws -> String {
    "\(try await harness(more, query: query).runner().apply(again: true).ending)"
  }

  private func number(_ sql: SQL) async throws -> Int { try await database.sql(sql).value.flatMap { Int($0) } ?? -1 }

  /// Rows of either side that the other lacks.
  private func differing(_ query: String = monthly) async throws -> Int {
    let whole = query.replacing("$period(at)", with: "at IS NOT NULL")
    return try await number(
      SQL(verbatim: """
        SELECT count(*) FROM ((SELECT * FROM by_month EXCEPT ALL (\(whole))) UNION ALL ((\(whole)) EXCEPT ALL SELECT * FROM by_month)) d
        """))
  }

  @Test("programs: the first run, and a later one")
  func snapshot() async throws {
    try Snapshot.expect(ProgramText.of(try await compile(MatviewRollup.self, with())), named: "rollup-first")
    _ = try await run()
    try Snapshot.expect(ProgramText.of(try await compile(MatviewRollup.self, with())), named: "rollup-later")
  }

  @Test("every period equals the query, empty ones too; a later run touches only what has changed")
  func fills() async throws {
    #expect(try await run().hasPrefix("succeeded"))
    #expect(try await differing() == 0)
    #expect(try await number("SELECT count(*) FROM caisson.matview_period WHERE rows = 0") >= 1)
    let old = try await database.sql("SELECT string_agg(xmin::text, ' ' ORDER BY month) FROM by_month").value
    #expect(try await run().hasPrefix("succeeded"))
    #expect(try await database.sql("SELECT string_agg(xmin::text, ' ' ORDER BY month) FROM by_month").value == old)
    try await database.script("INSERT INTO calls (at, seconds) VALUES (now(), 5), (date_trunc('month', now()) - interval '5 days', 7)")
    #expect(try await run().hasPrefix("succeeded"))
    #expect(try await differing() == 0, "the open month and a late row within lookback")
    let changed = try await number("SELECT count(*) FROM by_month WHERE month < (now() - interval '3 months')::date AND xmin::text::int8 > (SELECT max(xmin::text::int8) FROM calls)")
    #expect(changed == 0)
  }

  @Test("a row later than lookback is not taken in, but said by the next run; a longer lookback takes it in")
  func late() async throws {
    _ = try await run()
    try await database.script("INSERT INTO calls (at, seconds) SELECT min(at) + interval '1 hour', 9 FROM calls")
    _ = try await run("sample: 100")
    #expect(try await differing() > 0)
    let findings = try await compile(MatviewRollup.self, with()).findings
    #expect(findings.map(\.code) == ["rollup.late"], "\(findings)")
    #expect(try await run("lookback: 2 years").hasPrefix("succeeded"))
    #expect(try await differing() == 0)
    #expect(try await compile(MatviewRollup.self, with()).findings.isEmpty)
  }

  @Test("rows before the first period and after the last one get periods")
  func grows() async throws {
    _ = try await run()
    try await database.script("INSERT INTO calls (at, seconds) VALUES (now() - interval '3 years', 1), (now() + interval '70 days', 2)")
    #expect(try await run().hasPrefix("succeeded"))
    #expect(try await differing() == 0)
  }

  @Test("rows without a period end the run before anything is made")
  func strays() async throws {
    try await database.script("INSERT INTO calls (at, seconds) VALUES (NULL, 5), ('infinity', 6)")
    let ending = try await run()
    #expect(ending.contains("belong to no period"), "\(ending)")
    #expect(try await number("SELECT count(*) FROM pg_class WHERE relname = 'by_month'") == 0)
  }

  @Test("rows without a period are left out when the plan says so")
  func ignored() async throws {
    try await database.script("INSERT INTO calls (at, seconds) VALUES (NULL, 5), ('infinity', 6)")
    #expect(try await run("null_periods: ignore").hasPrefix("succeeded"))
    #expect(try await number("SELECT sum(n) FROM by_month") == number("SELECT count(*) FROM calls WHERE isfinite(at)"))
  }

  @Test("a query whose periods depend on each other does not pass the comparison with the whole")
  func dependent() async throws {
    let running = "SELECT month, sum(n) OVER (ORDER BY month) AS n FROM (SELECT date_trunc('month', at AT TIME ZONE 'Europe/Paris')::date AS month, count(*) AS n FROM calls WHERE $period(at) GROUP BY 1) c"
    let ending = try await run(query: running)
    #expect(ending.contains("what the query gives as a whole"), "\(ending)")
  }

  @Test("rolling a later run back gives the replaced rows back, the first one removes the table")
  func back() async throws {
    let before = try await CatalogText.read()
    _ = try await run()
    let first = try await database.sql("SELECT string_agg(b::text, ' ' ORDER BY month) FROM by_month b").value
    try await database.script("INSERT INTO calls (at, seconds) VALUES (now(), 5)")
    _ = try await run()
    let second = try await database.sql("SELECT string_agg(b::text, ' ' ORDER BY month) FROM by_month b").value
    #expect(second != first)
    let harness = try harness()
    let ending = try await harness.runner().rollback().ending
    #expect("\(ending)".hasPrefix("rolledBack"), "\(ending)")
    #expect(try await database.sql("SELECT string_agg(b::text, ' ' ORDER BY month) FROM by_month b").value == first)
    _ = before
  }

  @Test("periods begin where their zone says, for each type of column", arguments: [
    ("timestamptz", "Pacific/Auckland"), ("timestamp", "UTC"), ("date", "America/New_York"),
  ])
  func zones(_ type: String, _ zone: String) async throws {
    try await database.script(
      "CREATE TABLE t (at \(type)); INSERT INTO t SELECT timestamptz '2025-12-20' + g * interval '1 hour' FROM generate_series(0, 2000) g; CREATE INDEX ON t (at)")
    let local = type == "timestamptz" ? "at AT TIME ZONE '\(zone)'" : "at::timestamp"
    let query = "SELECT date_trunc('week', \(local)) AS w, count(*) AS n FROM t WHERE $period(at) GROUP BY 1"
    let harness = try EngineHarness(
      "  s: { uses: matview.rollup, with: { table: by_week, by: w, period: 1 week, timezone: \(zone), query: \"\(query)\" } }",
      registry: StepRegistry([MaterializedViewPlugin.self]))
    let ending = try await harness.runner().apply().ending
    #expect("\(ending)".hasPrefix("succeeded"), "\(ending)")
    let wrong = try await number(
      SQL(verbatim: "SELECT count(*) FROM ((SELECT * FROM by_week) EXCEPT ALL (\(query.replacing("$period(at)", with: "true")))) d"))
    #expect(wrong == 0)
    #expect(try await number("SELECT sum(n) FROM by_week") == 2001)
  }

  @Test("what cannot be is refused where it stands", arguments: [
    (with("period: 1 month", query: "SELECT at AS month, notes FROM calls"), "rollup.compare"),
    (with(query: "SELECT id AS month FROM calls"), "rollup.by"), (with(query: "SELECT at AS day FROM calls"), "rollup.by"),
    (with(query: "SELECT at AS month FROM calls WHERE $period(id)"), "rollup.query"),
    (with(query: "SELECT at AS month FROM call"), "rollup.query"),
    ("{table: taken, by: at, query: SELECT at FROM calls WHERE $period(at)}", "rollup.table"),
    ("{table: x, by: at, timezone: Mars/Base, query: SELECT at FROM calls}", "rollup.timezone"),
    ("{table: x, by: at, query: 'SELECT at, at FROM calls'}", "rollup.by"),
  ])
  func refusals(_ yaml: String, _ code: String) async throws {
    let refusals = try await compile(MatviewRollup.self, yaml).refusals
    #expect(refusals.map(\.code) == [code] && refusals.first?.range != nil, "\(refusals)")
  }

  @Test("malformed parameters are shown where they stand", arguments: [
    ("{table: t, by: d, query: DELETE FROM x}", "1:26", "SELECT"), ("{table: t, by: d, query: SELEC 1}", "1:26", "cannot be read"),
    ("{table: t, by: d, query: 'SELECT d FROM x WHERE $period(d'}", "1:26", "never closed"),
    ("{table: t, by: d, query: SELECT 1, period: 1 month 2 days}", "1:44", "not one unit"),
    ("{table: t, by: d, query: SELECT 1, sample: -1}", "1:44", "less than 0"),
    ("{table: t, by: d, query: SELECT 1, null_periods: keep}", "1:50", "ignore"), ("{table: t, query: SELECT 1}", "1:1", "by"),
  ])
  func malformed(_ yaml: String, _ place: String, _ words: String) throws {
    do {
      _ = try MatviewRollup.Parameters.read(yaml: yaml, file: "plan.yaml")
      Issue.record("let through: \(yaml)")
    } catch {
      let text = error.description
      #expect(text.contains("plan.yaml:\(place)") && text.contains(words) && text.contains("^"), "\(text)")
    }
  }
}
