import JSONText
import PostgresClient
import TestSupport
import Testing

/// A plan from its first apply to its rollback.
@Suite(.database(template: Sample.table)) struct LifeTests {
  private static let steps = """
      log: { uses: sql.run, with: { up: CREATE TABLE log (at timestamptz), down: DROP TABLE log } }
      index: { uses: index.create, needs: [log], with: { table: t, columns: [n] } }
      fill: { uses: data.batch, needs: [index], with: { table: t, set: { n: n + 1 }, where: n = 0, keep_undo: true } }
    """

  @Test("apply, look, apply again, roll back")
  func whole() async throws {
    let project = try Project(Self.steps), database = project.database
    let early = try await project.run("resume")
    #expect(early.exit == 2 && early.stderr.contains("caisson apply"), "\(early.stderr)")
    let applied = try await project.run("apply")
    #expect(applied.exit == 0, "\(applied.stderr)")
    #expect(applied.stdout.contains("succeeded (3 done)"), "\(applied.stdout)")
    #expect(applied.stderr.contains("fill: done"))
    #expect(try await database.sql("SELECT count(*) FROM t WHERE n = 1").value == "1000")

    let again = try await project.run("apply")
    #expect(again.exit == 0 && again.stdout.contains("already applied"), "\(again.stdout)\(again.stderr)")

    let resumed = try await project.run("resume")
    #expect(resumed.exit == 0 && resumed.stdout.contains("already applied"), "\(resumed.stdout)\(resumed.stderr)")

    try await look(at: project, state: "succeeded")
    let dry = try await project.run("rollback", "--dry-run")
    #expect(dry.exit == 0, "\(dry.stderr)")
    #expect(dry.stdout.contains("DROP TABLE log") && dry.stdout.contains("DROP INDEX"), "\(dry.stdout)")
    #expect(try await database.sql("SELECT count(*) FROM t WHERE n = 1").value == "1000")
    #expect(try await project.json("rollback", "--dry-run")["operations"]?[0]?["step"] == "fill")

    let back = try await project.run("rollback")
    #expect(back.exit == 0 && back.stdout.contains("rolled back"), "\(back.stdout)\(back.stderr)")
    #expect(try await database.sql("SELECT count(*) FROM t WHERE n = 0").value == "1000")
    #expect(try await database.sql("SELECT to_regclass('log') IS NULL").value == "t")
    try await look(at: project, state: "rolled_back")
    let twice = try await project.run("rollback")
    #expect(twice.exit == 0, "there is nothing left to take back: \(twice.stderr)")
  }

  private func look(at project: Project, state: String) async throws {
    let status = try await project.json("status")
    #expect(status["run"]?["state"] == .string(state))
    #expect(status["steps"]?.array?.count == 3)
    #expect(try await project.run("status").stdout.contains(state))
    #expect(try await project.json("history").array?.first?["state"] == .string(state))
    let events = try await project.json("events").array ?? []
    #expect(events.contains { $0["kind"] == "run.created" })
    let lines = try await project.run("events", "-o", "ndjson").stdout.split(separator: "\n")
    #expect(lines.count == events.count)
    for line in lines { #expect(try JSON(parsing: String(line))["text"]?.string?.isEmpty == false) }
    #expect(try await project.json("logs", "--step", "index").array?.isEmpty == false)
    #expect(try await project.json("journal check")["sound"] == true)
    #expect(try await project.json("audit verify")["sound"] == true)
  }

  @Test("--until stops after a step, and apply goes on with the same run")
  func until() async throws {
    let project = try Project(Self.steps)
    let first = try await project.json("apply", "--until", "log")
    #expect(first["ending"] == "paused")
    #expect(try await project.json("status")["run"]?["state"] == "paused")
    let second = try await project.json("apply")
    #expect(second["ending"] == "succeeded" && second["run"] == first["run"])
  }

  @Test("ndjson is a record a line, the result last")
  func records() async throws {
    let project = try Project(Self.steps)
    let result = try await project.run("apply", "-o", "ndjson")
    #expect(result.exit == 0 && result.stderr.isEmpty, "\(result.stderr)")
    let records = try result.stdout.split(separator: "\n").map { try JSON(parsing: String($0)) }
    #expect(records.last?["type"] == "result" && records.last?["exit_code"] == 0)
    #expect(records.contains { $0["type"] == "progress" && $0["step"] == "fill" && $0["state"] == "done" })
  }

  @Test("a failure says where, why and what next; after the fix the same run goes on")
  func failure() async throws {
    let project = try Project(
      "  one: { uses: sql.run, with: { up: INSERT INTO missing VALUES (1), down: DELETE FROM missing } }")
    let failed = try await project.run("apply")
    #expect(failed.exit == 1)
    for part in ["step: one", "SQLSTATE: 42P01", "plan.yaml:4:3", "hint:", "next: caisson logs"] {
      #expect(failed.stderr.contains(part), "\(part) in \(failed.stderr)")
    }
    #expect(failed.stdout.contains("next: caisson resume \(project.file)"))
    #expect(try await project.run("logs").stdout.contains("42P01"))
    let status = try await project.json("status")
    #expect(status["run"]?["state"] == "failed")
    try await project.database.script("CREATE TABLE missing (id int)")
    let resumed = try await project.json("resume")
    #expect(resumed["ending"] == "succeeded" && resumed["run"] == status["run"]?["run"])
  }

  @Test("an unfinished run and an edited plan are drift: the difference is shown, nothing runs")
  func drift() async throws {
    let project = try Project(Self.steps)
    #expect(try await project.run("apply", "--until", "log").exit == 0)
    let edited = Self.steps.replacing("columns: [n]", with: "columns: [id, n]")
    try project.write("caisson: 1\nplan: shop\nsteps:\n\(edited)\n", to: "plan.yaml")
    for command in ["apply", "resume"] {
      let drifted = try await project.run(command)
      #expect(drifted.exit == 7, "\(command): \(drifted.stderr)")
      #expect(drifted.stderr.contains("columns"), "\(drifted.stderr)")
    }
    #expect(try await project.json("status")["run"]?["state"] == "paused")
  }

  @Test("a step can be skipped by a person, for a reason that the journal keeps")
  func skip() async throws {
    let project = try Project("""
        one: { uses: sql.run, with: { up: INSERT INTO missing VALUES (1), down: SELECT 1 } }
        two: { uses: sql.run, needs: [one], with: { up: INSERT INTO t VALUES (7000), down: DELETE FROM t } }
      """)
    #expect(try await project.run("apply").exit == 1)
    let refused = try await project.run("mark-done", "two", "--reason", "no")
    #expect([0, 5].contains(refused.exit), "\(refused.stderr)")
    let skipped = try await project.run("skip", "one", "--reason", "not here")
    #expect(skipped.exit == 0, "\(skipped.stderr)")
    #expect(try await project.run("resume").exit == 0)
    #expect(try await project.run("events").stdout.contains("not here"))
  }
}
