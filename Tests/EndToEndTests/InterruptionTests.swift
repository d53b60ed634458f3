import Glibc
import JSONText
import PostgresClient
import TestSupport
import Testing

@Suite(.database(template: Sample.slowTable(rows: 1_500))) struct InterruptionTests {
  @Test("Ctrl-C in the middle of a batch saves the checkpoint: exit 4, then resume finishes, each row once")
  func interrupt() async throws {
    let project = try Project(Sample.batch)
    let running = try project.start("apply")
    try await project.until("SELECT count(*) > 0 FROM t WHERE n = 1")
    running.signal(SIGINT)
    #expect(await running.wait() == 4, "\(running.output)")
    #expect(running.output.contains("next: caisson resume"), "\(running.output)")
    let done = try await project.database.sql("SELECT count(*) FROM t WHERE n = 1").value.flatMap { Int($0) } ?? 0
    #expect(done > 0 && done < 1_500)
    let status = try await project.json("status")
    #expect(status["run"]?["state"] == "paused" && status["next"]?.string?.contains("resume") == true)
    let resumed = try await project.run("resume")
    #expect(resumed.exit == 0, "\(resumed.stderr)")
    #expect(try await project.database.sql("SELECT count(*) FROM t WHERE n = 1").value == "1500")
  }

  @Test("a second apply while the first one runs is told who holds it: exit 6; with --wait it waits")
  func second() async throws {
    let project = try Project(Sample.batch)
    let inTheWay = try await project.database.connect()
    try await inTheWay.batch(["BEGIN", "SELECT FROM t WHERE id = 1500 FOR UPDATE"])
    let running = try project.start("apply")
    try await project.until("SELECT count(*) > 0 FROM t WHERE n = 1")
    let status = try await project.json("status")
    #expect(status["run"]?["state"] == "running")
    #expect(status["holders"]?[0]?["pid"] == .int(Int64(running.pid)))
    let second = try await project.run("apply")
    #expect(second.exit == 6, "\(second.stdout)\(second.stderr)")
    #expect((second.stdout + second.stderr).contains("\(running.pid)"), "\(second.stdout)\(second.stderr)")
    let retried = try await project.run("retry", "fill", "--reason", "impatient")
    #expect(retried.exit == 6, "\(retried.stderr)")
    await inTheWay.close()
    let waiting = try await project.run("apply", "--wait=2min")
    #expect(waiting.exit == 0, "\(waiting.stderr)")
    #expect(await running.wait() == 0, "\(running.output)")
    #expect(try await project.database.sql("SELECT count(*) FROM t WHERE n = 1").value == "1500")
  }

  @Test("killed in mid-batch, the same apply goes on with the same run, each row once")
  func killed() async throws {
    let project = try Project(Sample.batch)
    let running = try project.start("apply")
    try await project.until("SELECT count(*) > 0 FROM t WHERE n = 1")
    running.signal(SIGKILL)
    #expect(await running.wait() == -SIGKILL)
    let status = try await project.json("status")
    #expect(status["holders"]?[0]?["gone"] == true && status["next"]?.string?.contains("resume") == true)
    let applied = try await project.json("apply")
    #expect(applied["ending"] == "succeeded" && applied["run"] == status["run"]?["run"])
    #expect(try await project.database.sql("SELECT count(*) FROM t WHERE n = 1").value == "1500")
  }

  @Test("a statement in doubt that has no probe waits for a person: exit 9, mark-done, resume")
  func blocked() async throws {
    let project = try Project(
      """
        tidy:
          uses: sql.run
          with: { up: REINDEX INDEX CONCURRENTLY t_pkey, irreversible: nothing to take back }
      """,
      more: "accept_irreversible: [tidy]")
    let holder = try await project.database.connect()
    try await holder.script("BEGIN; LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")
    let running = try project.start("apply")
    try await project.until(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'REINDEX%'")
    running.signal(SIGKILL)
    #expect(await running.wait() == -SIGKILL)
    try await project.database.sql(
      """
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'REINDEX%' AND pid <> pg_backend_pid()
      """)
    await holder.close()
    let stuck = try await project.run("apply")
    #expect(stuck.exit == 9, "\(stuck.stdout)\(stuck.stderr)")
    #expect(stuck.stderr.contains("mark-done"), "\(stuck.stderr)")
    #expect(try await project.json("status")["next"]?.string?.contains("mark-done") == true)
    let marked = try await project.run("mark-done", "tidy", "--reason", "rebuilt by hand")
    #expect(marked.exit == 0, "\(marked.stderr)")
    let resumed = try await project.run("resume")
    #expect(resumed.exit == 0, "\(resumed.stderr)")
  }
}
