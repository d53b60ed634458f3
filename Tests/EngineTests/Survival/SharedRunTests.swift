import BuiltinPlugins
import Engine
import PostgresClient
import TestSupport
import Testing

/// One run, several runners: PostgreSQL is all they share.
@Suite(.database) struct SharedRunTests {
  @Test("three workers claim each of 2,000 steps once")
  func once() async throws {
    let database = TestDatabase.current
    try await database.script("CREATE TABLE did (step int NOT NULL)")
    // The first step lasts until all have come.
    let barrier = "DO $$ BEGIN FOR i IN 1..1200 LOOP EXIT WHEN (SELECT count(*) >= 3 FROM caisson.runner WHERE "
      + "dead_at IS NULL); PERFORM pg_sleep(0.05); END LOOP; END $$"
    let steps = (0..<2_000).map { number in
      let needs = number == 0 ? "" : " needs: [s\(number % 10 == 0 ? 0 : number - number % 10)],"
      let work = number % 10 == 0 ? "SELECT \(number) FROM pg_sleep(0.1)" : "VALUES (\(number))"
      let up = (number == 0 ? ["'\(barrier)'"] : []) + ["INSERT INTO did \(work)"]
      return "  s\(number): { uses: sql.run,\(needs) statement_timeout: 2min, with: { up: [\(up.joined(separator: ", "))], "
        + "down: DELETE FROM did WHERE step = \(number) } }"
    }
    let harness = try EngineHarness(steps.joined(separator: "\n"), registry: .builtin)
    _ = try await harness.runner().submit()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          await Worker({ harness.runner(stop: StopSignal()) }, stop: StopSignal(), once: true) { turn in
            if case .trouble(let error) = turn { Issue.record(error) }
          }.run()
        }
      }
    }
    #expect(try await database.sql("SELECT count(*) = 2000 AND count(DISTINCT step) = 2000 FROM did").value == "t")
    let attempts = try await database.sql("SELECT count(*) = 2000 AND bool_and(outcome = 'ok') FROM caisson.attempt")
    #expect(attempts.value == "t", "no step was tried twice")
    let workers = try await database.sql("SELECT count(DISTINCT runner_id) FROM caisson.attempt")
    #expect(workers.value.flatMap { Int($0) } ?? 0 > 1, "they shared the work")
    #expect(try await harness.flaws() == [])
    #expect(try await database.sql("SELECT state FROM caisson.run").value == "succeeded")
  }

  @Test("workers share steps that take a lease, and wait for each other's needs")
  func leased() async throws {
    let database = TestDatabase.current
    try await database.script("CREATE TABLE t AS SELECT g AS id, 0 AS n FROM generate_series(1, 400) g; ALTER TABLE t ADD PRIMARY KEY (id)")
    let steps = (1...6).map { number in
      let needs = number > 3 ? "needs: [b1, b2, b3], " : ""
      return "  b\(number): { uses: data.batch, \(needs)with: { table: t, set: { n: n + 1 }, "
        + "where: \"n < 1000 AND id % 6 = \(number % 6) AND n < \(1)\", keep_undo: true } }"
    }
    let harness = try EngineHarness(steps.joined(separator: "\n"), registry: .builtin)
    _ = try await harness.runner().submit()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          await Worker({ harness.runner(width: 1, stop: StopSignal()) }, stop: StopSignal(), once: true) { turn in
            if case .trouble(let error) = turn { Issue.record(error) }
          }.run()
        }
      }
    }
    #expect(try await database.sql("SELECT count(*) FROM t WHERE n = 1").value == "400")
    #expect(try await harness.flaws() == [])
    #expect(try await harness.states().values.allSatisfy { $0 == "done" })
  }
}
