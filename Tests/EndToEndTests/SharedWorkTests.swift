import Glibc
import JSONText
import PostgresClient
import TestSupport
import Testing

/// Several processes on one run, and a person's word from another terminal.
@Suite(.database(template: Sample.slowTable(rows: 1_500))) struct SharedWorkTests {
  @Test("pause stops another process's batch at a checkpoint, and nobody but resume goes on")
  func pause() async throws {
    let project = try Project(Sample.batch)
    let running = try project.start("apply")
    try await project.until("SELECT count(*) > 0 FROM t WHERE n = 1")
    let paused = try await project.run("pause", "--reason", "sale", "--wait=1min")
    #expect(paused.exit == 0 && paused.stdout.contains("is paused"), "\(paused.stdout)\(paused.stderr)")
    #expect(await running.wait() == 4, "\(running.output)")
    #expect(running.output.contains("paused by") && running.output.contains("sale"), "\(running.output)")
    let done = try await rows(project)
    #expect(done > 0 && done < 1_500)
    let worker = try await project.run("worker", "--once")
    #expect(worker.exit == 0, "\(worker.stderr)")
    #expect(try await rows(project) == done, "a worker leaves a paused run alone")
    let resumed = try await project.run("resume")
    #expect(resumed.exit == 0, "\(resumed.stderr)")
    #expect(try await rows(project) == 1_500)
    let late = try await project.run("pause", "--reason", "too late")
    #expect(late.exit == 5, "\(late.stdout)\(late.stderr)")
  }

  @Test("cancel ends the run where it stands: exit 8, what is done stays and may still be rolled back")
  func cancel() async throws {
    let project = try Project(Sample.batch)
    let running = try project.start("apply")
    try await project.until("SELECT count(*) > 0 FROM t WHERE n = 1")
    let canceled = try await project.run("cancel", "--reason", "wrong branch", "--wait=1min")
    #expect(canceled.exit == 0 && canceled.stdout.contains("is canceled"), "\(canceled.stdout)\(canceled.stderr)")
    #expect(await running.wait() == 8, "\(running.output)")
    #expect(try await rows(project) > 0)
    let resumed = try await project.run("resume")
    #expect(resumed.exit == 2, "\(resumed.stdout)\(resumed.stderr)")
    #expect(try await project.json("journal check")["sound"] == true)
    let back = try await project.run("rollback")
    #expect(back.exit == 0, "\(back.stdout)\(back.stderr)")
    #expect(try await rows(project) == 0)
  }

  @Test("a run whose process was killed can be canceled at once")
  func cancelOfTheDead() async throws {
    let project = try Project(Sample.batch)
    let running = try project.start("apply")
    try await project.until("SELECT count(*) > 0 FROM t WHERE n = 1")
    running.signal(SIGKILL)
    _ = await running.wait()
    let canceled = try await project.run("cancel", "--reason", "enough", "--wait=1min")
    #expect(canceled.exit == 0 && canceled.stdout.contains("is canceled"), "\(canceled.stdout)\(canceled.stderr)")
    #expect(try await project.json("journal check")["sound"] == true)
  }

  @Test("a worker killed in mid-batch is replaced by another, each row is changed once")
  func replaced() async throws {
    let project = try Project(Sample.batch)
    let submitted = try await project.run("apply", "--detach", "--yes")
    #expect(submitted.exit == 0 && submitted.stdout.contains("worker"), "\(submitted.stdout)\(submitted.stderr)")
    let first = try project.start("worker")
    try await project.until("SELECT count(*) > 0 FROM t WHERE n = 1")
    let second = try project.start("worker")
    first.signal(SIGKILL)
    _ = await first.wait()
    try await project.until("SELECT count(*) = 1500 FROM t WHERE n = 1")
    try await project.until("SELECT bool_and(state = 'succeeded') FROM caisson.run")
    second.signal(SIGTERM)
    #expect(await second.wait() == 4, "\(second.output)")
    #expect(try await project.json("journal check")["sound"] == true)
    #expect(try await project.json("audit verify")["sound"] == true)
  }

  @Test("Ctrl-C at one of two workers leaves the run to the other")
  func leaving() async throws {
    let project = try Project(Sample.batch)
    _ = try await project.run("apply", "--detach", "--yes")
    let first = try project.start("worker"), second = try project.start("worker")
    try await project.until("SELECT count(*) > 0 FROM t WHERE n = 1")
    first.signal(SIGINT)
    #expect(await first.wait() == 4, "\(first.output)")
    try await project.until("SELECT bool_and(state = 'succeeded') FROM caisson.run")
    #expect(try await rows(project) == 1_500)
    second.signal(SIGTERM)
    _ = await second.wait()
  }

  @Test("a step runs on the host that the plan names; whoever is elsewhere is told where")
  func hosts() async throws {
    let project = try Project(
      """
        a: { uses: sql.run, on: alpha, with: { up: CREATE TABLE a (), down: DROP TABLE a } }
        b: { uses: sql.run, on: beta, needs: [a], with: { up: CREATE TABLE b (), down: DROP TABLE b } }
        c: { uses: sql.run, needs: [b], with: { up: CREATE TABLE c (), down: DROP TABLE c } }
      """)
    let alpha = try await project.run("apply", env: ["CAISSON_HOST": "alpha"])
    #expect(alpha.exit == 6 && alpha.stdout.contains("step b runs on beta only"), "\(alpha.stdout)\(alpha.stderr)")
    let gamma = try await project.run("apply", env: ["CAISSON_HOST": "gamma"])
    #expect(gamma.exit == 6 && gamma.stdout.contains("beta"), "\(gamma.stdout)\(gamma.stderr)")
    let worker = try project.start("worker", env: ["CAISSON_HOST": "gamma"])
    let beta = try await project.run("worker", "--once", env: ["CAISSON_HOST": "beta"])
    #expect(beta.exit == 0, "\(beta.stderr)")
    try await project.until("SELECT bool_and(state = 'succeeded') FROM caisson.run")
    worker.signal(SIGTERM)
    #expect(await worker.wait() == 4, "\(worker.output)")
    let ran = try await project.database.sql(
      """
      SELECT string_agg(a.step || ' ' || r.host, ', ' ORDER BY a.step) FROM caisson.attempt a
      JOIN caisson.runner r USING (runner_id) WHERE a.step <> 'c'
      """)
    #expect(ran.value == "a alpha, b beta")
    let back = try await project.run("rollback", env: ["CAISSON_HOST": "beta"])
    #expect(back.exit == 6 && back.stderr.contains("alpha"), "\(back.stdout)\(back.stderr)")
    let end = try await project.run("rollback", env: ["CAISSON_HOST": "alpha"])
    #expect(end.exit == 0, "\(end.stdout)\(end.stderr)")
    #expect(try await project.json("journal check")["sound"] == true)
  }

  @Test("workers fire a scheduled step at each due moment once, one killed in the middle of it")
  func firing() async throws {
    let project = try Project(
      """
        tick:
          uses: sql.run
          schedule: { every: 1s, catch_up: all }
          with: { up: INSERT INTO said DEFAULT VALUES, down: DELETE FROM said }
      """)
    try await project.database.script("CREATE TABLE said (at timestamptz NOT NULL DEFAULT clock_timestamp())")
    let applied = try await project.run("apply", "--yes")
    #expect(applied.exit == 0, "\(applied.stderr)")
    let first = try project.start("worker"), second = try project.start("worker"), third = try project.start("worker")
    try await project.until("SELECT count(*) >= 4 FROM caisson.firing WHERE state = 'done'")
    first.signal(SIGKILL)
    _ = await first.wait()
    try await project.until("SELECT count(*) >= 8 FROM caisson.firing WHERE state = 'done'")
    let paused = try await project.run("schedule pause", "tick", "--reason", "enough")
    #expect(paused.exit == 0, "\(paused.stderr)")
    try await project.until("SELECT count(*) = 0 FROM caisson.firing WHERE state = 'running'")
    for worker in [second, third] {
      worker.signal(SIGTERM)
      #expect(await worker.wait() == 4, "\(worker.output)")
    }
    let once = try await project.database.sql(
      "SELECT (SELECT count(*) FROM said) = 1 + (SELECT count(*) FROM caisson.firing WHERE state = 'done')")
    #expect(once.value == "t", "the run of the plan said it once, and each firing did")
    #expect(try await project.json("journal check")["sound"] == true)
  }

  private func rows(_ project: Project) async throws -> Int {
    Int(try await project.database.sql("SELECT count(*) FROM t WHERE n = 1").value ?? "") ?? -1
  }
}
