import JSONText
import TestSupport
import Testing

/// Whole plans, by logins that have the group's rights on the journal and no others.
@Suite(.database(template: Sample.slowTable(rows: 60))) struct GroupRoleTests {
  private static let steps = """
      column: { uses: sql.run, with: { up: ALTER TABLE t ADD m int, down: ALTER TABLE t DROP m } }
      index: { uses: index.create, needs: [column], with: { table: t, columns: [n] } }
      fill:
        uses: data.batch
        needs: [index]
        with: { table: t, set: { n: n + 1 }, where: n = 0, chunk: 20ms, keep_undo: true }
    """

  @Test("a runner applies, is killed, resumes and rolls back; a worker does it too; old runs are pruned")
  func everything() async throws {
    let project = try Project(Self.steps)
    let runner = try await login("runner", in: project)
    let killed = try project.start("apply", "-y", env: runner)
    try await project.until("SELECT EXISTS (SELECT FROM t WHERE n > 0)")
    killed.signal(9)
    _ = await killed.wait()
    let resumed = try await project.run("resume", "--wait=1min", env: runner)
    #expect(resumed.exit == 0, "\(resumed.stdout)\(resumed.stderr)")
    #expect(try await project.database.sql("SELECT count(*) FROM t WHERE n = 1").value == "60")
    let back = try await project.run("rollback", "-y", env: runner)
    #expect(back.exit == 0 && back.stdout.contains("is rolled back"), "\(back.stdout)\(back.stderr)")
    #expect(try await project.run("apply", "--detach", "-y", env: runner).exit == 0)
    let worker = try await project.run("worker", "--once", env: runner)
    #expect(worker.exit == 0, "\(worker.stderr)")
    for command in ["status", "history", "events", "logs", "plan", "journal check", "audit verify"] {
      let shown = try await project.run(command, env: runner)
      #expect(shown.exit == 0, "\(command): \(shown.stderr)")
    }
    // Runs that have proven something stay.
    try await project.database.script(
      """
      UPDATE caisson.run SET finished_at = finished_at - interval '90 days';
      DELETE FROM caisson.evidence WHERE run_id IN (SELECT run_id FROM caisson.run WHERE state = 'rolled_back')
      """)
    let pruned = try await project.run("journal prune", "--keep", "60d", "-y", env: runner)
    #expect(pruned.exit == 0 && pruned.stdout.contains("1 runs with"), "\(pruned.stdout)\(pruned.stderr)")
    let recent = try await project.run("journal prune", "--keep", "1d", "-y", env: runner)
    #expect(recent.exit == 0 || recent.stderr.contains("42501"), "\(recent.stdout)\(recent.stderr)")
    #expect(try await project.json("journal check")["sound"] == true)
  }

  @Test("a runner's schedule fires; an approver pauses it")
  func schedules() async throws {
    let project = try Project(
      "  tick: { uses: sql.run, schedule: { every: 1s }, with: { up: UPDATE t SET n = n + 1 WHERE id = 1, down: SELECT 1 } }")
    let runner = try await login("runner", in: project), approver = try await login("approver", in: project)
    let applied = try await project.run("apply", "-y", env: runner)
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
    let worker = try project.start("worker", env: runner)
    try await project.until("SELECT EXISTS (SELECT FROM caisson.firing WHERE state = 'done')")
    worker.signal(15)
    _ = await worker.wait()
    let paused = try await project.run("schedule pause", "tick", "--reason", "enough", env: approver)
    #expect(paused.exit == 0, "\(paused.stderr)")
    let resumed = try await project.run("schedule resume", "tick", env: runner)
    #expect(resumed.exit == 0, "\(resumed.stderr)")
  }

  @Test("a runner's release waits for the approver, who may look, approve and cancel and not run; a viewer only looks")
  func secondPerson() async throws {
    let project = try Project(Self.steps, more: "approvals: 1")
    let runner = try await login("runner", in: project), approver = try await login("approver", in: project)
    let viewer = try await login("viewer", in: project)
    #expect(try await project.run("apply", "-y", env: runner).exit == 5)
    let own = try await project.run("approve", "release", env: runner)
    #expect(own.exit != 0)
    for command in ["apply", "resume", "rollback", "pause"] {
      let refused = try await project.run(command, command == "pause" ? "--reason" : "-y", command == "pause" ? "x" : "--wait=1s", env: viewer)
      #expect(refused.exit != 0, "\(command): \(refused.stdout)")
    }
    #expect(try await project.database.sql("SELECT state FROM caisson.gate").value == "closed")
    for command in ["status", "history", "events", "logs"] {
      let shown = try await project.run(command, env: viewer)
      #expect(shown.exit == 0, "\(command): \(shown.stderr)")
    }
    // What a plan would do is shown, and that who asks could not do it.
    let plan = try await project.run("plan", env: viewer)
    #expect(plan.exit == 5 && (plan.stdout + plan.stderr).contains("does not own"), "\(plan.stdout)\(plan.stderr)")
    #expect(try await project.run("resume", env: approver).exit != 0)
    #expect(try await project.database.sql("SELECT to_regclass('caisson.lease') IS NOT NULL AND count(*) = 0 FROM caisson.lease").value == "t")
    let approved = try await project.run("approve", "release", "--reason", "read", env: approver)
    #expect(approved.exit == 0, "\(approved.stdout)\(approved.stderr)")
    let canceled = try await project.run("cancel", "--reason", "tomorrow", env: approver)
    #expect(canceled.exit == 0 && canceled.stdout.contains("is canceled"), "\(canceled.stdout)\(canceled.stderr)")
  }

  /// A login of one group; the application's table is the runners'.
  private func login(_ group: String, in project: Project) async throws -> [String: String] {
    let installed = try await project.run("journal install", "--roles")
    #expect(installed.exit == 0 && installed.stdout.contains("GRANT caisson_runner TO deploy;"), "\(installed.stderr)")
    let database = project.database
    let role = "\(group)_\(database.name)"
    try await database.script("CREATE ROLE \(role) LOGIN PASSWORD 'x' IN ROLE caisson_\(group)")
    if group == "runner" {
      try await database.script(
        "ALTER TABLE t OWNER TO \(role); ALTER FUNCTION dawdle() OWNER TO \(role); GRANT CREATE ON SCHEMA public TO \(role)")
    }
    return ["TARGET": "postgresql://\(role):x@127.0.0.1:\(database.cluster.port)/\(database.name)"]
  }
}
