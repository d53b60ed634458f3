import ChildProcess
import Glibc
import SQLText
import Sandbox
import TestSupport
import Testing

/// `cutover.pause`: names change hands while the pool is paused.
@Suite(.database(template: PauseDesk.sample), .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(5)))
struct PausedSwapTests {
  private func with(_ step: String, _ body: (Project, TestPooler) async throws -> Void) async throws {
    try await PauseDesk.with(step: step) { desk in try await body(desk.project, desk.poolers[0]) }
  }

  private func step(stall: String) -> String { PauseDesk.step(stall: stall) }

  private func isPartitioned() async throws -> Bool { try await PauseDesk.isPartitioned() }

  @Test("200 clients of the pool meet no error while the table is swapped under them, nor on the way back; no write is lost",
        arguments: ["copy", "attach"])
  func clients(strategy: String) async throws {
    try await with(PauseDesk.step(stall: "3s", more: "strategy: \(strategy)")) { project, pooler in
      let load = try await PoolLoad.start(pooler, clients: 200, folder: project.folder)
      #expect(try await load.clients(of: pooler) == 200)
      let applied = try await project.run("apply", "--yes")
      #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
      #expect(try await isPartitioned())
      let back = try await project.run("rollback", "--yes")
      #expect(back.exit == 0, "\(back.stdout)\(back.stderr)")
      #expect(try await !isPartitioned())
      #expect(try await load.clients(of: pooler) == 200, "to the end")
      #expect(try await pooler.pauses().count >= 2, "there and back")
      let (count, problem) = try await load.end()
      #expect(problem == nil)
      #expect(count > 200)
      let written = try await TestDatabase.current.sql("SELECT count(*) FROM orders WHERE note = 'new'").value
      #expect(written == String(count))
      #expect(try await !pooler.isPaused(TestDatabase.current.name))
      let paused = try await TestDatabase.current.sql(
        "SELECT count(*) FROM caisson.task WHERE kind = 'bracket' AND state IN ('done', 'undone')").value
      #expect(paused == "2", "the swap and its way back, each once")
    }
  }

  @Test("a client whose transaction fails is seen: such a load is no proof of anything else")
  func control() async throws {
    try await with(step(stall: "3s")) { project, pooler in
      let load = try await PoolLoad.start(pooler, clients: 200, folder: project.folder)
      // What a cutover without a pool does to clients that are in its way for too long.
      let holder = try await TestDatabase.current.connect()
      try await holder.script("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
      let ended: SQL = """
        SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'pgbench' AND wait_event_type = 'Lock' LIMIT 1) x
        """
      while try await TestDatabase.current.sql(ended).value != "1" {}
      await holder.close()
      #expect(try await load.end().problem != nil)
    }
  }

  @Test("a lock that is not granted in time: clients have their turn before it is tried again")
  func retried() async throws {
    try await with(step(stall: "300ms")) { project, pooler in
      let name = TestDatabase.current.name
      let reader = try await TestDatabase.current.connect()
      try await reader.script("BEGIN; SELECT count(*) FROM orders")
      let running = try project.start("apply", "--yes")
      // Three times paused, and three times resumed without the table having been swapped.
      for _ in 0..<3 {
        try await until(running) { try await pooler.isPaused(name) }
        try await until(running) { try await !pooler.isPaused(name) }
      }
      #expect(try await !isPartitioned())
      try await reader.script("COMMIT")
      await reader.close()
      #expect(await running.wait() == 0, "\(running.output)")
      #expect(try await isPartitioned())
    }
  }

  @Test("a transaction that PAUSE would wait for too long puts the cutover off, and its clients wait no longer than max_stall")
  func putOff() async throws {
    try await with(step(stall: "300ms")) { project, pooler in
      let name = TestDatabase.current.name
      let client = try await pooler.session(name)
      try await client.script("BEGIN; SELECT 1")
      let running = try project.start("apply", "--yes")
      try await until(running) { running.output.contains("swap: backoff, with \(name) paused") }
      #expect(try await !isPartitioned())
      try await client.script("COMMIT")
      await client.close()
      #expect(await running.wait() == 0, "\(running.output)")
      #expect(try await isPartitioned())
    }
  }

  @Test("consoles that cannot be asked, and pools that are not there, are told before the step begins", arguments: [
    ("host=127.0.0.1 port=1 user=postgres", "pooler.console", "cannot reach the admin console"),
    ("other", "pooler.pool", "has no pool of"),
  ])
  func refused(console: String, code: String, says: String) async throws {
    try await with(step(stall: "1s")) { project, pooler in
      let other = try await TestPooler.start(TestDatabase.current.cluster)
      let said = try await project.run("apply", "--yes", env: ["CONSOLE": console == "other" ? other.console : console])
      await other.stop()
      #expect(said.exit == 5 && (said.stdout + said.stderr).contains(code), "\(said.stdout)\(said.stderr)")
      #expect((said.stdout + said.stderr).contains(says))
    }
  }

  private func until(_ running: RunningCaisson, _ condition: () async throws -> Bool) async throws {
    try await PauseDesk.until(running, condition)
  }
}
