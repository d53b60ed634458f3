import BuiltinPlugins
import Engine
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database(template: Counted.database)) struct StopTests {
  @Test("the first request ends a batch at a checkpoint; resume finishes it, each row once")
  func checkpoint() async throws {
    let harness = try EngineHarness(Counted.fill, registry: .builtin)
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    try await harness.database.until("SELECT count(*) > 100 FROM touched")
    harness.stop.request()
    let report = try await running.value
    #expect(report.ending.isInterruption, "\(report.ending)")
    let done = try await harness.database.sql("SELECT count(*) FROM touched").value.flatMap { Int($0) } ?? 0
    #expect(done < 3_000)
    #expect(try await harness.states() == ["fill": "pending"])
    #expect(try await harness.database.sql("SELECT sum(chunks) > 0 FROM caisson.task").value == "t")
    let resumed = try await harness.runner(stop: StopSignal()).resume()
    #expect(resumed.ending.isSuccess, "\(resumed.ending)")
    try await Counted.expectOnce()
    #expect(try await harness.flaws() == [])
  }

  @Test("the second request cancels a long statement at once, and resume runs it again")
  func statement() async throws {
    let harness = try EngineHarness(
      """
        long:
          uses: sql.run
          with:
            up: INSERT INTO touched SELECT 1 FROM pg_sleep(CASE WHEN to_regclass('quick') IS NULL THEN 600 ELSE 0 END)
            down: DELETE FROM touched
      """, registry: .builtin)
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    try await harness.database.until(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
    harness.stop.request()
    harness.stop.request()
    let report = try await running.value
    #expect(report.ending.isInterruption, "\(report.ending)")
    #expect(try await harness.database.sql("SELECT count(*) FROM touched").value == "0")
    try await harness.database.script("CREATE TABLE quick ()")
    let resumed = try await harness.runner(stop: StopSignal()).resume()
    #expect(resumed.ending.isSuccess, "\(resumed.ending)")
    #expect(try await harness.database.sql("SELECT count(*) FROM touched").value == "1")
    #expect(try await harness.flaws() == [])
  }

  @Test("the second request cancels an index build at once, though its clean-up would have to wait; resume builds it")
  func build() async throws {
    let harness = try EngineHarness(
      "  index: { uses: index.create, with: { table: t, columns: [word], name: t_word } }", registry: .builtin)
    let writer = try await harness.database.stranger("BEGIN; UPDATE t SET word = 'v' WHERE id = 1")
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    try await harness.database.until(Counted.isBuilding)
    harness.stop.request()
    harness.stop.request()
    let report = try await running.value
    #expect(report.ending.isInterruption, "\(report.ending)")
    await writer.close()
    let resumed = try await harness.runner(stop: StopSignal()).resume()
    #expect(resumed.ending.isSuccess, "\(resumed.ending)")
    let allValid: SQL = "SELECT bool_and(indisvalid) FROM pg_index WHERE indrelid = 't'::regclass"
    #expect(try await harness.database.sql(allValid).value == "t")
    #expect(try await harness.database.sql("SELECT to_regclass('t_word') IS NOT NULL").value == "t")
    #expect(try await harness.flaws() == [])
  }
}

@Suite(.database(template: Counted.database)) struct StallTests {
  @Test("no lock within max_stall: the blocker is named; when it leaves, a retry succeeds")
  func retried() async throws {
    let harness = try EngineHarness(
      """
        column:
          uses: sql.run
          max_stall: 1500ms
          retry: { attempts: 30, backoff: 100ms..200ms }
          with: { up: ALTER TABLE t ADD COLUMN extra int, down: ALTER TABLE t DROP COLUMN extra }
      """, registry: .builtin)
    let blocker = try await harness.database.stranger("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE")
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    #expect(await harness.events.says("no lock within max_stall (1500 ms): held by pid \(blocker.backendPID)"))
    await blocker.close()
    let report = try await running.value
    #expect(report.ending.isSuccess, "\(report.ending)")
    #expect(harness.events.text.contains("blocked(step: \"column\", by: [pid \(blocker.backendPID) "))
    #expect(try await harness.flaws() == [])
  }

  @Test("out of attempts, the step fails cleanly and names the blocker; resume succeeds when it has left")
  func givenUp() async throws {
    let harness = try EngineHarness(
      """
        column:
          uses: sql.run
          max_stall: 1500ms
          retry: { attempts: 2, backoff: 100ms..200ms }
          with: { up: ALTER TABLE t ADD COLUMN extra int, down: ALTER TABLE t DROP COLUMN extra }
      """, registry: .builtin)
    let blocker = try await harness.database.stranger("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE")
    let report = try await harness.runner().apply()
    let error = try #require(report.ending.errors.first, "\(report.ending)")
    #expect(error.message.contains("pid \(blocker.backendPID)") && error.sqlState == "55P03", "\(error)")
    #expect(try await harness.states() == ["column": "failed"])
    await blocker.close()
    #expect(try await harness.runner().resume().ending.isSuccess)
    #expect(try await harness.flaws() == [])
  }
}
