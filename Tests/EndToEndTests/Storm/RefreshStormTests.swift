import Glibc
import PostgresClient
import SQLText
import TestSupport
import Testing

/// Eight clients write while a worker refreshes; the worker is killed in the middle of a refresh. What happened is read
/// from the server: its lock waits, its deadlocks, and when each refresh began.
@Suite("materialized views under a storm of writes", .database) struct RefreshStormTests {
  private static let clients = 8, writes = 125

  /// Each refresh takes a while, so that there are writes beside it.
  private static let tables = """
    CREATE TABLE orders (id int PRIMARY KEY, client int NOT NULL, amount int NOT NULL);
    CREATE TABLE payments (id int PRIMARY KEY, client int NOT NULL, amount int NOT NULL,
      at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE MATERIALIZED VIEW stats AS
      SELECT o.client, o.n, o.total, (SELECT sum(amount) FROM payments p WHERE p.client = o.client) AS paid
      FROM (SELECT client, count(*) AS n, sum(amount) AS total FROM orders GROUP BY client) o, pg_sleep(0.5);
    CREATE UNIQUE INDEX ON stats (client);
    CREATE TABLE refreshed (began_at timestamptz NOT NULL, duration interval NOT NULL);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO public.refreshed VALUES (NEW.as_of, NEW.duration_ms * interval ''1 millisecond''); RETURN NULL; END';
    """

  private static let steps = """
      stats:
        uses: matview.trigger
        schedule: { every: 1s }
        with: { name: stats, min_interval: 2s }
    """

  @Test("1,000 writes cause no more refreshes than min_interval allows, wait for none, and a killed worker loses nothing")
  func storm() async throws {
    let project = try Project(Self.steps)
    let database = project.database
    try await database.script(Self.tables)
    let applied = try await project.run("apply", "--yes")
    #expect(applied.exit == 0, "\(applied.stderr)")
    try await database.script(
      "CREATE TRIGGER note AFTER INSERT OR UPDATE ON caisson.matview FOR EACH ROW WHEN (NEW.duration_ms IS NOT NULL) EXECUTE FUNCTION note()")
    // Every wait for a lock of ten milliseconds or more is in the server's log.
    try await database.sql("ALTER DATABASE \(id: database.name) SET log_lock_waits = on")
    try await database.sql("ALTER DATABASE \(id: database.name) SET deadlock_timeout = '10ms'")

    let first = try project.start("worker")
    async let writers = write()
    async let stalest = watch()
    try await project.until("SELECT count(*) >= 200 FROM payments")
    try await project.until(
      "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'stats'::regclass AND mode = 'ExclusiveLock' AND granted")
    let cut = try await database.sql(
      """
      SELECT coalesce(min(a.xact_start), clock_timestamp()) FROM pg_stat_activity a JOIN pg_locks l USING (pid)
      WHERE l.relation = 'stats'::regclass AND l.mode = 'ExclusiveLock' AND l.granted
      """).value ?? ""
    first.signal(SIGKILL)
    _ = await first.wait()
    let second = try project.start("worker")
    try await project.until("SELECT count(*) > 0 FROM caisson.runner WHERE os_pid = \(second.pid)")
    let lost = try await database.sql("SELECT extract(epoch FROM clock_timestamp() - \(cut)::timestamptz) AS s").rows[0].double("s")
    let pids = try await writers
    try await project.until("SELECT count(*) = 0 FROM caisson.matview_mark")
    let seconds = try await stalest
    second.signal(SIGTERM)
    #expect(await second.wait() == 4, "\(second.output)")
    try await judge(database, pids)
    let status = try await project.run("status")
    #expect(status.stdout.contains(#""public"."stats" was refreshed at"#), "\(status.stdout)")
    let told = try await project.json("status")["materialized_views"]?[0]
    #expect(told?["view"]?.string == #""public"."stats""# && told?["marks"] == 0)
    let promise = try #require(told?["promise_seconds"]?.double), duration = try #require(told?["duration_seconds"]?.double)
    #expect(abs(promise - (2 + 1 + 2 * duration + 2)) < 0.01)
    // It holds with a worker there: from the beginning of the refresh that was cut short, nobody's work counted.
    #expect(seconds <= promise + lost, "stale for \(seconds) s, promised within \(promise) s, \(lost) s of it lost")
    #expect(try await project.json("journal check")["sound"] == true)
  }

  // MARK: The storm

  /// Half of them write the tables in the other order. The pids of the sessions.
  private func write() async throws -> Set<Int> {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for client in 0..<Self.clients { group.addTask { try await write(as: client) } }
      return try await group.reduce(into: []) { $0.insert($1) }
    }
  }

  private func write(as client: Int) async throws -> Int {
    let connection = try await TestDatabase.current.connect()
    for round in 0..<Self.writes {
      // On a slow machine, too, most of it comes after a first refresh, and lasts beside the next ones.
      if round == 30 { try await TestDatabase.current.until("SELECT count(*) > 0 FROM refreshed") }
      let id = client * Self.writes + round
      let order = "INSERT INTO orders VALUES (\(id), \(client), \(round)); UPDATE orders SET amount = amount + 1 WHERE id = \(id)"
      let payment = "INSERT INTO payments VALUES (\(id), \(client), \(round))"
      let both = client % 2 == 0 ? "\(order); \(payment)" : "\(payment); \(order)"
      _ = try await connection.script("BEGIN; \(both); COMMIT")
      try await Task.sleep(for: .milliseconds(round < 30 ? 40 : 80))
    }
    let pid = Int(connection.backendPID)
    await connection.close()
    return pid
  }

  /// The greatest staleness, in seconds, as the server tells it, until everything is in the view.
  private func watch() async throws -> Double {
    var stalest = 0.0
    while true {
      let row = try await TestDatabase.current.sql(
        """
        SELECT extract(epoch FROM staleness) AS seconds, marks = 0 AND (SELECT count(*) FROM payments) = 1000 AS over
        FROM caisson.matview_staleness
        """).rows[0]
      stalest = max(stalest, try row.double("seconds"))
      if try row.bool("over") { return stalest }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  // MARK: Judging

  private func judge(_ database: TestDatabase, _ pids: Set<Int>) async throws {
    let facts = try await database.sql(
      """
      WITH gaps AS (SELECT began_at - lag(began_at) OVER (ORDER BY began_at) AS gap FROM refreshed)
      SELECT (SELECT min(gap) >= interval '2 seconds' FROM gaps) AS spaced, (SELECT count(*) FROM refreshed) AS refreshes,
        (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()) AS deadlocks,
        (SELECT count(*) FROM payments p JOIN refreshed r ON p.at BETWEEN r.began_at AND r.began_at + r.duration) AS beside,
        (SELECT sum(n) = 1000 AND sum(total) = (SELECT sum(amount) FROM orders)
          AND sum(paid) = (SELECT sum(amount) FROM payments) FROM stats) AS equal
      """).rows[0]
    #expect(try facts.int("refreshes") >= 2)
    #expect(try facts.bool("spaced"), "two refreshes came closer than min_interval")
    #expect(try facts.int("deadlocks") == 0)
    #expect(try facts.bool("equal"), "the view is not what the tables say")
    #expect(try facts.int("beside") > 0, "no write fell into a refresh: nothing was tried")
    #expect(lockWaits(of: pids, in: database) == [])
  }

  /// What the server logged of writers that waited for a lock, but for one writer that makes a table longer while
  /// another waits to do the same: two INSERTs do that to each other with no view about.
  private func lockWaits(of pids: Set<Int>, in database: TestDatabase) -> [String] {
    let lines = database.cluster.log.text.split(separator: "\n").filter { $0.hasPrefix("@@ \(database.name) @ ") }
    return lines.indices.filter { index in
      let line = lines[index]
      guard line.contains("still waiting for") || line.contains("deadlock"), let pid = pid(of: line) else { return false }
      let holders = lines[(index + 1)...].first { self.pid(of: $0) == pid && $0.contains("holding the lock:") }.map(holders) ?? []
      let amongWriters = line.contains("on extension of relation") && !holders.isEmpty && pids.isSuperset(of: holders)
      return pids.contains(pid) && !amongWriters
    }.map { String(lines[$0]) }
  }

  private func pid(of line: Substring) -> Int? {
    let parts = line.split(separator: "@ ", maxSplits: 3)
    return parts.count > 2 ? Int(parts[2].filter { $0 != " " }) : nil
  }

  /// "DETAIL:  Process holding the lock: 12. Wait queue: 13, 14." names 12.
  private func holders(_ detail: Substring) -> [Int] {
    let names = detail.split(separator: "holding the lock:").last?.split(separator: ".").first
    return names?.split(separator: ",").compactMap { Int($0.filter { $0 != " " }) } ?? []
  }
}
