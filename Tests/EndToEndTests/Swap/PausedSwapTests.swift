import ChildProcess
import Glibc
import SQLText
import Sandbox
import TestSupport
import Testing

private let sample = """
  CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, v int, note text);
  INSERT INTO orders (at, v) SELECT '2025-01-01'::timestamptz + i * interval '1 hour', i FROM generate_series(1, 2000) i;
  ANALYZE;
  """

/// `cutover.pause`: names change hands while the pool is paused.
@Suite(.database(template: sample), .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .timeLimit(.minutes(5)))
struct PausedSwapTests {
  private func step(stall: String, deadline: String = "20s") -> String {
    """
      swap:
        uses: partition.swap
        max_stall: \(stall)
        retry: { attempts: 200, backoff: 20ms..200ms }
        with:
          table: public.orders
          by: at
          premake: 0
          default_partition: create
          cutover: { pause: ["${env:CONSOLE}"], pause_deadline: \(deadline) }
    """
  }

  private func with(_ step: String, _ body: (Project, TestPooler) async throws -> Void) async throws {
    let database = TestDatabase.current
    let pooler = try await TestPooler.start(
      database.cluster, settings: ["default_pool_size": "20", "max_client_conn": "400"], databases: [database.name])
    do {
      try await body(try Project(step, environment: ["TARGET": database.url, "CONSOLE": pooler.console]), pooler)
    } catch {
      await pooler.stop()
      throw error
    }
    await pooler.stop()
  }

  private func isPartitioned() async throws -> Bool {
    try await TestDatabase.current.sql("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass").value == "p"
  }

  @Test("200 clients of the pool meet no error while the table is swapped under them, nor on the way back; no write is lost")
  func clients() async throws {
    try await with(step(stall: "3s")) { project, pooler in
      let load = try await PoolLoad.start(pooler, clients: 200, folder: project.folder)
      let applied = try await project.run("apply", "--yes")
      #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
      #expect(try await isPartitioned())
      let back = try await project.run("rollback", "--yes")
      #expect(back.exit == 0, "\(back.stdout)\(back.stderr)")
      #expect(try await !isPartitioned())
      let count = try await load.end()
      #expect(count > 200)
      let written = try await TestDatabase.current.sql("SELECT count(*) FROM orders WHERE note = 'new'").value
      #expect(written == String(count))
      #expect(try await !pooler.isPaused(TestDatabase.current.name))
      let paused = try await TestDatabase.current.sql(
        "SELECT count(*) FROM caisson.task WHERE kind = 'bracket' AND state IN ('done', 'undone')").value
      #expect(paused == "2", "the swap and its way back, each once")
    }
  }

  @Test("killed between PAUSE and RESUME: the pool is resumed within the deadline, and resume ends as if nothing had been")
  func killed() async throws {
    try await with(step(stall: "8s")) { project, pooler in
      let name = TestDatabase.current.name
      // Not through the pool: the swap waits for its lock, with the pool paused.
      let reader = try await TestDatabase.current.connect()
      try await reader.script("BEGIN; SELECT count(*) FROM orders")
      let running = try project.start("apply", "--yes")
      try await until(running) { try await pooler.isPaused(name) }
      running.signal(SIGKILL)
      _ = await running.wait()
      try await until(running) { try await !pooler.isPaused(name) }
      #expect(try await !isPartitioned())
      let client = try await pooler.session(name)
      #expect(try await client.query("SELECT count(*) FROM orders").value == "2000")
      await client.close()
      try await reader.script("COMMIT")
      await reader.close()
      let resumed = try await project.run("resume")
      #expect(resumed.exit == 0, "\(resumed.stdout)\(resumed.stderr)")
      #expect(try await isPartitioned())
      #expect(try await !pooler.isPaused(name))
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
    for _ in 0..<2_000 {
      if try await condition() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("never became true: \(running.output)")
  }
}

/// pgbench through a pool, a row each transaction, until it is told to end.
private struct PoolLoad {
  let pid: Int32
  let log: String

  static func start(_ pooler: TestPooler, clients: Int, folder: String) async throws -> PoolLoad {
    let script = """
      \\set id random(1, 2000)
      BEGIN;
      UPDATE orders SET v = v + 1 WHERE id = :id;
      INSERT INTO orders (at, v, note) VALUES ('2025-02-02', 0, 'new');
      COMMIT;

      """
    try ServerFiles.write(script, to: "\(folder)/load.sql", owner: nil)
    let pgbench = try await ServerPrograms.find().path("pgbench")
    let pid = try Command([
      pgbench, "-n", "-M", "simple", "-c", String(clients), "-j", "2", "-T", "280", "-R", "300", "-h", "127.0.0.1", "-p",
      String(pooler.port), "-U", "postgres", "-f", "\(folder)/load.sql", TestDatabase.current.name,
    ]).startDetached(log: "\(folder)/load.log")
    for _ in 0..<500 {
      if try await pooler.admin("SHOW CLIENTS").count > clients { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    return PoolLoad(pid: pid, log: "\(folder)/load.log")
  }

  /// How many transactions there were, none of which failed. SIGALRM is its own end of time.
  func end() async throws -> Int {
    kill(pid, SIGALRM)
    var status: CInt = 0
    while waitpid(pid, &status, WNOHANG) == 0 { try await Task.sleep(for: .milliseconds(20)) }
    let text = ServerFiles.read(log) ?? ""
    #expect(status == 0 && !text.contains("abort") && !text.contains("ERROR"), "\(text.suffix(2000))")
    let count = try #require(text.firstMatch(of: #/transactions actually processed: (\d+)/#), "\(text.suffix(2000))")
    return Int(count.1) ?? 0
  }
}
