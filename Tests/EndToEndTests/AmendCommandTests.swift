import JSONText
import TestSupport
import Testing

/// `--amend`, as it is typed.
@Suite(.database(template: Sample.table)) struct AmendCommandTests {
  private static let log = "  log: { uses: sql.run, with: { up: CREATE TABLE log (), down: DROP TABLE log } }"

  @Test("killed in the middle of amending, the run has the one plan or the other, and goes on when it is typed again")
  func killed() async throws {
    let project = try Project(Self.log + "\n  index: { uses: index.create, needs: [log], with: { table: t, columns: [n] } }")
    #expect(try await project.run("apply", "--until", "log").exit == 0)
    try project.write(
      "caisson: 1\nplan: shop\nsteps:\n\(Self.log)\n  index: { uses: index.create, needs: [log], with: { table: t, columns: [n, id] } }\n",
      to: "plan.yaml")
    try await project.database.script(
      """
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END';
      CREATE TRIGGER slow BEFORE INSERT ON caisson.event FOR EACH ROW WHEN (NEW.kind = 'run.amended') EXECUTE FUNCTION slow();
      """)
    let asleep = "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')"
    let running = try project.start("resume", "--amend")
    try await project.until("SELECT \(asleep)")
    running.signal(9)
    #expect(await running.wait() == -9)
    try await project.until("SELECT NOT \(asleep)")
    try await project.database.script("DROP TRIGGER slow ON caisson.event")
    #expect(try await project.json("journal check")["sound"] == true)
    let again = try await project.run("resume", "--amend")
    #expect(again.exit == 0, "\(again.stdout)\(again.stderr)")
    let index = "SELECT count(*) = 1 FROM pg_indexes WHERE indexdef LIKE '%(n, id)'"
    #expect(try await project.database.sql(.init(verbatim: index)).value == "t")
    let kept = "SELECT (SELECT count(*) FROM caisson.event WHERE kind = 'run.amended') || ' ' || count(*) FROM caisson.run"
    #expect(try await project.database.sql(.init(verbatim: kept)).value == "1 1")
  }

  @Test("resume says what was edited and what to type; typed, it goes on; status and history say who approved what")
  func typed() async throws {
    let project = try Project(Self.log + "\n  index: { uses: index.create, needs: [log], with: { table: t, columns: [n] } }")
    #expect(try await project.run("apply", "--until", "log").exit == 0)
    try project.write(
      "caisson: 1\nplan: shop\nsteps:\n\(Self.log)\n  index: { uses: index.create, needs: [log], with: { table: t, columns: [n, id] } }\n",
      to: "plan.yaml")
    let drifted = try await project.run("resume")
    #expect(drifted.exit == 7 && drifted.stderr.contains("next: caisson resume \(project.file) --amend"), "\(drifted.stderr)")
    let amended = try await project.run("resume", "--amend")
    #expect(amended.exit == 0, "\(amended.stdout)\(amended.stderr)")
    #expect(try await project.database.sql("SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%(n, id)'").value == "1")
    #expect(try await project.json("events").array?.contains { $0["kind"] == "run.amended" } == true)
    let none = try await project.run("apply", "--amend")
    #expect(none.exit == 0 && none.stdout.contains("already applied"), "\(none.stdout)\(none.stderr)")

    let run = try await project.database.sql("SELECT run_id FROM caisson.run").value ?? ""
    try await project.database.script(
      """
      INSERT INTO caisson.gate (run_id, gate, kind, spec, bound_hash, state) VALUES ('\(run)', 'release', 'approval', '{}', '', 'open');
      INSERT INTO caisson.approval (run_id, gate, by_role, actor, reason) VALUES ('\(run)', 'release', 'boss', 'alice', 'read it');
      """)
    let status = try await project.run("status")
    #expect(status.stdout.contains("release approved by role boss (alice) at "), "\(status.stdout)")
    #expect(status.stdout.contains(": read it"))
    #expect(try await project.run("history").stdout.contains("boss"))
    #expect(try await project.json("history").array?.first?["approvals"]?.array?.first?["role"] == "boss")
  }
}
