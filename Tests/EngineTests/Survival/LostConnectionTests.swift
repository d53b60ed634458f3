import BuiltinPlugins
import Engine
import Glibc
import Journal
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database(template: Counted.database)) struct LostConnectionTests {
  @Test("sessions terminated at random moments: the run goes on by itself, each row changed once", arguments: 1...4)
  func terminated(seed: Int) async throws {
    let harness = try EngineHarness(
      """
        column:
          uses: sql.run
          with: { up: ALTER TABLE t ADD COLUMN extra int, down: ALTER TABLE t DROP COLUMN extra }
      \(Counted.fill)
        index: { uses: index.create, needs: [fill], with: { table: t, columns: [word, id], unique: true } }
        ready:
          uses: sql.run
          needs: [index, column]
          with: { up: COMMENT ON TABLE t IS 'ready', down: COMMENT ON TABLE t IS NULL }
      """, registry: .builtin)
    let runner = harness.runner()
    let applied = try await terminating(harness, seed) { try await runner.apply() }
    #expect(applied.ending.isSuccess, "\(applied.ending)\n\(harness.events.text)")
    try await Counted.expectOnce()
    #expect(try await harness.database.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid").value == "0")
    #expect(try await harness.flaws() == [])
    let undone = try await terminating(harness, seed + 100) { try await runner.rollback() }
    guard case .rolledBack = undone.ending else { Issue.record("\(undone.ending)\n\(harness.events.text)"); return }
    let left: SQL = """
      SELECT count(*) FILTER (WHERE n <> 0)::text || ' ' || (SELECT count(*) FROM touched)
        || ' ' || (SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass) FROM t
      """
    #expect(try await harness.database.sql(left).value == "0 6000 1")
    #expect(try await harness.flaws() == [])
  }

  /// Ends one of the engine's sessions now and then while `work` goes on.
  private func terminating(
    _ harness: EngineHarness, _ seed: Int, _ work: @escaping @Sendable () async throws -> RunReport
  ) async throws -> RunReport {
    let database = harness.database
    let running = Task { try await work() }
    let storm = Task {
      var state = UInt64(seed)
      // Before there is a run, a lost connection ends the command, and nothing was begun.
      try await database.until("SELECT to_regclass('caisson.step') IS NOT NULL")
      try await database.until("SELECT count(*) > 0 FROM caisson.step")
      try await database.until("SELECT count(*) > 0 FROM caisson.runner WHERE dead_at IS NULL")
      for _ in 0..<12 where !Task.isCancelled {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        try? await Task.sleep(for: .milliseconds(10 + Int(state >> 33) % 120))
        try await database.sql(
          """
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name LIKE 'caisson:%'
          ORDER BY md5(pid::text || \(String(seed))) LIMIT 1
          """)
      }
    }
    let report = try await running.value
    storm.cancel()
    _ = await storm.result
    return report
  }

  @Test("a COMMIT that dies in the server is done again, once")
  func commitDies() async throws {
    let database = TestDatabase.current
    try await database.script(
      """
      CREATE SEQUENCE commits;
      CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('commits') IN (2, 60, 300) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER cut AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut();
      """)
    let harness = try EngineHarness(Counted.fill, registry: .builtin)
    let report = try await harness.runner().apply()
    #expect(report.ending.isSuccess, "\(report.ending)")
    #expect(try await database.sql("SELECT last_value > 3000 FROM commits").value == "t", "nothing was cut")
    try await Counted.expectOnce()
    #expect(try await harness.flaws() == [])
  }

  @Test("a COMMIT that goes on in the server after the network was cut is noticed: its chunk is not done twice")
  func commitOutlives() async throws {
    let database = TestDatabase.current
    try await database.script(
      """
      CREATE SEQUENCE commits;
      CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('commits') = 150 THEN
          PERFORM set_config('client_connection_check_interval', '0', true);
          PERFORM pg_sleep(1.5);
        END IF;
        RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER dawdle AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION dawdle();
      """)
    // Nothing but the cursor tells rows done from rows to do; the next chunk waits for the task's row all the time.
    let harness = try EngineHarness(
      Counted.fill.replacing("where: n = 0", with: "where: true, verify: none")
        .replacing("uses:", with: "max_stall: 20s, uses:"), registry: .builtin)
    let runner = harness.runner(overNetwork: true)
    let running = Task { try await runner.apply() }
    let asleep: SQL = """
      SELECT client_port FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'
        AND query = 'COMMIT' AND application_name LIKE 'caisson:%'
      """
    try await database.until("SELECT EXISTS (\(asleep.text))")
    let port = try #require(try await database.sql(asleep).value.flatMap { UInt16($0) })
    #expect(Sockets.cut(localPort: port))
    let report = try await running.value
    #expect(report.ending.isSuccess, "\(report.ending)")
    #expect(harness.events.text.contains("an earlier COMMIT came through"))
    try await Counted.expectOnce()
    #expect(try await harness.flaws() == [])
  }

  @Test("the server itself looks after clients whose machine has gone, and holds no rows for them")
  func goneMachine() async throws {
    let target = Target(TargetAddress(name: "staging", connection: TestDatabase.current.networkTarget))
    let session = try await target.session(purpose: "test")
    #expect(try await session.query("SHOW tcp_keepalives_idle").value == "15")
    #expect(try await session.query("SHOW idle_in_transaction_session_timeout").value == "30s")
    await session.close()
  }

  @Test("a lost lease: who had the step stops before touching anything, the other one finishes, each row once")
  func lease() async throws {
    let database = TestDatabase.current
    try await database.script("CREATE TABLE pause (so bool)")
    let throttle = "throttle: { query: SELECT NOT EXISTS (SELECT FROM pause) }"
    let steps = Counted.fill.replacing("uses:", with: throttle + ", uses:")
    let first = try EngineHarness(steps, registry: .builtin)
    let slow = first.runner()
    let running = Task { try await slow.apply() }
    try await database.until("SELECT count(*) > 100 FROM touched")
    try await database.script("INSERT INTO pause VALUES (true)")
    #expect(await first.events.says("throttled"))
    // Void by the server's clock, as after thirty seconds without a heartbeat.
    try await database.script("UPDATE caisson.lease SET until = clock_timestamp() - interval '1 second'")
    let second = try EngineHarness(steps, registry: .builtin)
    let other = second.runner()
    let finishing = Task { try await other.apply() }
    #expect(await second.events.says("throttled"))
    try await database.script("DELETE FROM pause")
    #expect(try await finishing.value.ending.isSuccess)
    let replaced = try await running.value
    #expect(replaced.ending.isSuccess || "\(replaced.ending)".contains("held"), "\(replaced.ending)")
    try await Counted.expectOnce()
    #expect(try await first.flaws() == [])
    let outcomes: SQL = "SELECT string_agg(outcome, ' ' ORDER BY attempt) FROM caisson.attempt WHERE step = 'fill'"
    #expect(try await database.sql(outcomes).value == "abandoned ok")
  }
}

/// Sockets of this process, found by their port.
enum Sockets {
  /// Shuts down the connection with that local port, as a network that goes away does: nobody says goodbye.
  static func cut(localPort: UInt16) -> Bool {
    for descriptor in CInt(3)..<1_024 {
      var address = sockaddr_in()
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let named = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
      }
      guard named == 0, address.sin_family == sa_family_t(AF_INET), UInt16(bigEndian: address.sin_port) == localPort
      else { continue }
      return shutdown(descriptor, CInt(SHUT_RD)) == 0
    }
    return false
  }
}
