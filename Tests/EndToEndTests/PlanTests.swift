import JSONText
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database(template: Sample.table)) struct PlanTests {
  private static let steps = """
      seen:
        uses: sql.run
        with:
          up: ["COMMENT ON TABLE t IS 'seen'", "INSERT INTO t VALUES (5000)"]
          down: ["COMMENT ON TABLE t IS NULL", "DELETE FROM t WHERE id = 5000"]
      tidy:
        uses: sql.run
        needs: [seen]
        with: { up: VACUUM t, transaction: never, irreversible: nothing to take back, probe: SELECT false }
      byday:
        uses: index.create
        with: { table: t, columns: [made_at] }
      twice:
        uses: function.define
        with: { name: twice, body: "CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql AS 'SELECT x * 2'" }
      fill:
        uses: data.batch
        with: { table: t, set: { n: id + 1 }, where: n = 0, chunk: 50ms }
    """
  private static let accepting = "accept_irreversible: [tidy, fill]"

  @Test("plan writes nothing, leaves no journal, and needs none")
  func readOnly() async throws {
    let project = try Project(Self.steps, more: Self.accepting)
    try await project.database.logStatements()
    // A session that may not write at all: any attempt would fail the command.
    let result = try await project.run("plan", "-o", "json", env: ["PGOPTIONS": "-c default_transaction_read_only=on"])
    #expect(result.exit == 0, "\(result.stderr)")
    #expect(try JSON(parsing: result.stdout)["steps"]?.array?.count == 5)
    #expect(try await project.database.sql("SELECT to_regnamespace('caisson') IS NULL").value == "t")
    let logged = project.database.loggedStatements()
    #expect(logged.contains { $0.hasPrefix("BEGIN") && $0.contains("READ ONLY") })
    #expect(logged.filter(Self.changesSomething) == [])
  }

  @Test("the statements of an exact phase are the statements of the server's log")
  func faithful() async throws {
    let project = try Project(Self.steps, more: Self.accepting)
    let plan = try await project.json("plan")
    let exact = plan["steps"]?.array?.filter { $0["certainty"] == "exact" } ?? []
    #expect(exact.count >= 3, "\(plan.pretty)")
    try await project.database.logStatements()
    let applied = try await project.run("apply")
    #expect(applied.exit == 0, "\(applied.stderr)")
    let logged = project.database.loggedStatements().map(\.trimmed)
    for step in exact {
      var rest = logged[...]
      for statement in Self.statements(step) {
        guard let place = rest.firstIndex(of: statement.trimmed) else {
          Issue.record("\(step["step"]?.string ?? "?"): not in the log, or not in this order:\n\(statement)")
          continue
        }
        rest = rest[(place + 1)...]
      }
    }
  }

  @Test("where every phase is exact, nothing is sent that the plan does not show")
  func nothingElse() async throws {
    let project = try Project(
      """
        byday: { uses: index.create, with: { table: t, columns: [made_at] } }
        twice:
          uses: function.define
          with: { name: twice, body: "CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql AS 'SELECT x * 2'" }
        fill: { uses: data.batch, with: { table: t, set: { n: id + 1 }, where: n = 0, chunk: 50ms } }
        tidy:
          uses: sql.run
          needs: [byday, twice, fill]
          with: { up: VACUUM t, transaction: never, irreversible: nothing to take back, probe: SELECT false }
      """, more: Self.accepting)
    let steps = try await project.json("plan")["steps"]?.array ?? []
    #expect(steps.map { $0["certainty"] } == ["exact", "exact", "exact", "exact"])
    try await project.database.logStatements()
    let applied = try await project.run("apply")
    #expect(applied.exit == 0, "\(applied.stderr)")
    let logged = project.database.loggedStatements().map(\.trimmed).filter(Self.changesSomething)
    let planned = steps.flatMap(Self.statements).map { Self.unbound($0).trimmed }
    #expect(logged.filter { !planned.contains(Self.unbound($0).trimmed) } == [])
    #expect(Set(planned).isSubset(of: Set(logged.map { Self.unbound($0).trimmed })))
  }

  /// Placeholders as `?`: the plan names them, the log numbers them.
  private static func unbound(_ statement: String) -> String {
    statement.replacing(/\$(cursor|size|slice|[0-9]+)(::jsonb|::bigint)*/, with: "?")
  }

  @Test("a point of no return that nobody has accepted is refused, with what to do and where")
  func refusal() async throws {
    let project = try Project("  drop: { uses: sql.run, with: { up: DROP TABLE t, irreversible: the rows are gone } }")
    let text = try await project.run("plan")
    #expect(text.exit == 5)
    #expect(text.stdout.contains("accept_irreversible") && text.stdout.contains("plan.yaml:4:3"), "\(text.stdout)")
    #expect(text.stdout.contains("lock ACCESS EXCLUSIVE on public.t") && text.stdout.contains("rows"))
    #expect(text.stdout.contains("point of no return: the rows are gone"))
    let result = try await project.run("plan", "-o", "json")
    #expect(result.exit == 5)
    let step = try JSON(parsing: result.stdout)["steps"]?[0]
    #expect(step?["reversible"] == false)
    #expect(step?["findings"]?.array?.contains { $0["severity"] == "refusal" && $0["line"] == 4 } == true)
    #expect(step?["locks"]?[0]?["stalls_others"] == true)
    let applied = try await project.run("apply")
    #expect(applied.exit == 5 && applied.stderr.contains("accept_irreversible"), "\(applied.stderr)")
    #expect(try await project.database.sql("SELECT count(*) FROM t").value == "1000")
    #expect(try await project.database.sql("SELECT to_regnamespace('caisson') IS NULL").value == "t", "nothing is left of it")
  }

  @Test("what is refused promises no way back")
  func refusedWayBack() async throws {
    let bad = "  bad: { uses: index.create, with: { table: missing, columns: [n] } }"
    let alone = try await Project(bad).run("plan")
    #expect(alone.exit == 5 && alone.stdout.contains("way back: not known yet"), "\(alone.stdout)")
    let beside = try await Project(bad + "\n  good: { uses: index.create, with: { table: t, columns: [n] } }").run("plan")
    #expect(beside.stdout.contains("takes back all that was done; not known yet of bad"), "\(beside.stdout)")
  }

  @Test("--sql prints SQL alone, --step one step, and a privilege that is missing is a refusal")
  func parts() async throws {
    let project = try Project(Self.steps, more: Self.accepting + "\nrole: nobody_special")
    try? await project.database.script("CREATE ROLE nobody_special")
    let result = try await project.run("plan", "--step", "byday")
    #expect(result.exit == 5 && result.stdout.contains("does not own public.t"), "\(result.stdout)")
    let sql = try await project.run("plan", "--sql", "--step", "seen")
    let lines = sql.stdout.split(separator: "\n").filter { !$0.hasPrefix("--") }
    #expect(lines == ["COMMENT ON TABLE t IS 'seen';", "INSERT INTO t VALUES (5000);"])
  }

  private static func statements(_ step: JSON) -> [String] {
    (step["operations"]?.array ?? []).flatMap { operation in
      let members = operation["members"]?.array ?? [operation]
      return members.flatMap { $0["statements"]?.array?.compactMap(\.string) ?? [] }
    }
  }

  /// Neither the journal's traffic nor the state of sessions.
  private static func changesSomething(_ statement: String) -> Bool {
    guard !statement.contains("caisson.") else { return false }
    let word = statement.prefix { $0.isLetter }.uppercased()
    if word == "WITH" { return ["UPDATE ", "INSERT INTO ", "DELETE FROM "].contains { statement.contains($0) } }
    return !["BEGIN", "COMMIT", "ROLLBACK", "SELECT", "SET", "RESET", "SHOW", "DO"].contains(word) && !word.isEmpty
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = Substring(self)
    while text.last?.isWhitespace == true || text.last == ";" { text.removeLast() }
    while text.first?.isWhitespace == true { text.removeFirst() }
    return String(text)
  }
}
