import BuiltinPlugins
import Engine
import JSONText
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

/// What steps take is kept, once for each, and evidence holds it.
@Suite(.database(template: Counted.database), .ownTime(.minutes(5))) struct MeasureTests {
  private var database: TestDatabase { .current }

  private func measure(_ step: String, _ column: String, on database: TestDatabase = .current) async throws -> String? {
    try await database.sql("SELECT (\(sql: SQL(verbatim: column)))::text FROM caisson.measure WHERE step = \(step) AND direction = 'forward'").value
  }

  @Test("a transaction, a concurrent build, chunks in slices side by side and a look: each by how it grows")
  func kinds() async throws {
    let harness = try EngineHarness(
      """
        quick: { uses: sql.run, with: { up: SELECT 1 } }
        note: { uses: sql.run, with: { up: "COMMENT ON TABLE t IS 'x'", down: COMMENT ON TABLE t IS NULL } }
        write: { uses: sql.run, with: { up: "INSERT INTO touched SELECT id FROM t, pg_sleep(0.3)", down: DELETE FROM touched, verify: SELECT count(*) = 3000 FROM touched } }
        index: { uses: index.create, needs: [write], with: { table: t, columns: [word] } }
        fill: { uses: data.batch, needs: [index], with: { table: t, set: { n: n + 1 }, where: n = 0, chunk: 50ms, workers: 2, keep_undo: true } }
      """, registry: .builtin)
    try await harness.applied()
    #expect(try await database.sql("SELECT string_agg(step, ' ' ORDER BY step) FROM caisson.measure").value == "fill index note write")
    #expect(try await measure("write", "(work -> 'scan' ->> 'seconds')::float8 >= 0.3 AND seconds >= 0.3 AND busy_seconds <= seconds + 0.1") == "true")
    #expect(try await measure("write", "(work -> 'scan' ->> 'rows')::int = 3000 AND wal_bytes > 100000 AND disk_bytes > 50000") == "true")
    #expect(try await measure("write", "relations -> 'public.t' ->> 'rows'") == "3000")
    #expect(try await measure("index", "work ? 'sort' AND disk_bytes > 0 AND relations_after #> '{public.t,bytes}' > relations #> '{public.t,bytes}'") == "true")
    #expect(try await measure("fill", "(work #>> '{scan,rows}')::int = 3000 AND (work #>> '{scan,tasks}')::int >= 2 AND (work #>> '{scan,seconds}')::float8 > 0") == "true")
    let evidence = try await database.sql("SELECT body FROM caisson.evidence").value ?? ""
    let steps = try JSON(parsing: evidence)["steps"]
    #expect(steps?["write"]?["measures"]?["relations"]?["public.t"]?["rows"] == 3000)
    #expect(steps?["write"]?["measures"]?["relations"]?["public.t"]?["oid"] == nil && steps?["quick"]?["measures"] == nil)
    let samples = StepSample.all(in: try Evidence(body: JSON(parsing: evidence)))
    #expect(samples["index"]?.work[.sort]?.seconds ?? 0 > 0 && samples["fill"]?.isPartial == false)
  }

  @Test("an exclusive lock: how long others may have waited, the try that gave up included")
  func stall() async throws {
    let harness = try EngineHarness(
      """
        column:
          uses: sql.run
          max_stall: 300ms
          retry: { attempts: 200, backoff: 50ms..50ms }
          with: { up: ALTER TABLE t ADD COLUMN extra int, down: ALTER TABLE t DROP COLUMN extra, verify: SELECT true }
      """, registry: .builtin)
    let reader = try await database.stranger("BEGIN; SELECT count(*) FROM t")
    let running = Task { try await harness.applied() }
    _ = await harness.events.says("max_stall")
    await reader.close()
    try await running.value
    #expect(try await measure("column", "stall_ms >= 300 AND stall_ms < 3000") == "true")
    #expect(try await measure("column", "work #>> '{fixed,stall_ms}' IS NOT NULL") == "true")
    let kept = try JSON(parsing: try await database.sql("SELECT body FROM caisson.evidence").value ?? "")
    #expect(kept["steps"]?["column"]?["max_stall_ms"]?.double ?? 0 >= 300)
  }

  @Test("stopped and resumed: one row, the time of both attempts, sizes from the first begin")
  func resumed() async throws {
    let harness = try EngineHarness(Counted.fill, registry: .builtin)
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    try await database.until("SELECT count(*) > 300 FROM touched")
    harness.stop.request()
    _ = try await running.value
    try await database.script("INSERT INTO t SELECT g, 1, repeat('x', 1000) FROM generate_series(10001, 12000) g; ANALYZE t")
    #expect(try await harness.runner(stop: StopSignal()).resume().ending.isSuccess)
    #expect(try await database.sql("SELECT count(*) FROM caisson.measure").value == "1")
    let sum: SQL = """
      SELECT abs(m.seconds - (SELECT sum(extract(epoch FROM ended_at - started_at)) FROM caisson.attempt)) < 0.001
        AND (SELECT count(*) FROM caisson.attempt) = 2 AND m.rows = 3000 FROM caisson.measure m
      """
    #expect(try await database.sql(sum).value == "t")
    #expect(try await measure("fill", "relations #>> '{public.t,rows}'") == "3000")
    #expect(try await measure("fill", "(relations_after #>> '{public.t,rows}')::int > 4000") == "true")
    #expect(try await harness.flaws() == [])
  }

  @Test("of a build whose end nobody saw nothing is known: it says so")
  func unseen() async throws {
    let harness = try EngineHarness("  index: { uses: index.create, with: { table: t, columns: [word] } }", registry: .builtin)
    try await harness.applied()
    try await database.sql("UPDATE caisson.task SET spent = NULL WHERE kind = 'autocommit'")
    try await database.sql("SELECT caisson.end_measure(run_id, step, 'forward') FROM caisson.measure")
    #expect(try await measure("index", "work #>> '{sort,partial}'") == "true")
  }

  @Test("partitions count as their table; a table that somebody has locked is not waited for")
  func extent() async throws {
    try await EngineHarness("  one: { uses: sql.run, with: { up: SELECT 1 } }", registry: .builtin).applied()
    try await database.script(
      """
      CREATE TABLE p (at date NOT NULL, x text) PARTITION BY RANGE (at);
      CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
      CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
      INSERT INTO p SELECT '2026-01-01'::date + g % 50, 'x' FROM generate_series(1, 1000) g; ANALYZE p
      """)
    let names = #"'[["public","p2"],["public","nothing"],["pg_catalog","pg_class_oid_index"]]'"#
    let extent = SQL(verbatim: "SELECT caisson.extent(\(names), '{}')")
    let open = try JSON(parsing: try await database.sql(extent).value ?? "")
    #expect(open.object?.members.map(\.key) == ["public.p"] && open["public.p"]?["rows"] == 1000)
    let other = try await database.stranger("BEGIN; LOCK TABLE p1 IN ACCESS EXCLUSIVE MODE")
    let locked = try JSON(parsing: try await database.sql(extent).value ?? "")
    #expect(locked["public.p"]?["bytes"]?.int ?? 0 > 0)
    await other.close()
  }
}
