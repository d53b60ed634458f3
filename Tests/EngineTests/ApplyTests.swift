import BuiltinPlugins
import Engine
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database) struct ApplyTests {
  @Test("a chain of SQL steps runs in order, once, and applying again changes nothing")
  func chain() async throws {
    let harness = try EngineHarness(
      """
        one: { uses: sql.run, with: { up: "CREATE TABLE t (id int PRIMARY KEY, n int)", down: "DROP TABLE t" } }
        two: { uses: sql.run, needs: [one], with: { up: "INSERT INTO t SELECT g, g FROM generate_series(1, 10) g", down: "DELETE FROM t" } }
        three: { uses: sql.run, needs: [two], with: { up: "UPDATE t SET n = n + 1", down: "UPDATE t SET n = n - 1" } }
      """, registry: .builtin)
    let report = try await harness.runner().apply()
    guard case .succeeded = report.ending else { Issue.record("\(report.ending)"); return }
    #expect(try await harness.database.sql("SELECT sum(n) FROM t").value == "65")
    guard case .alreadyApplied = try await harness.runner().apply().ending else { Issue.record("applied twice"); return }
    #expect(try await harness.database.sql("SELECT sum(n) FROM t").value == "65")
    #expect(try await harness.states() == ["one": "done", "two": "done", "three": "done"])
  }

  @Test("a failing step stops what needs it and leaves nothing behind; after the fix the run goes on")
  func failure() async throws {
    let harness = try EngineHarness(
      """
        one: { uses: sql.run, with: { up: "CREATE TABLE t (id int)", down: "DROP TABLE t" } }
        two: { uses: sql.run, needs: [one], with: { up: ["INSERT INTO t VALUES (1)", "INSERT INTO missing VALUES (1)"], down: "SELECT 1" } }
        three: { uses: sql.run, needs: [two], with: { up: "INSERT INTO t VALUES (3)", down: "SELECT 1" } }
      """, registry: .builtin)
    let report = try await harness.runner().apply()
    guard case .failed(let errors) = report.ending else { Issue.record("\(report.ending)"); return }
    #expect(errors.first?.step == "two", "\(errors)")
    #expect(errors.first?.sqlState == "42P01", "\(errors)")
    #expect(try await harness.database.sql("SELECT count(*) FROM t").value == "0")
    #expect(try await harness.states() == ["one": "done", "two": "failed", "three": "pending"])
    try await harness.database.script("CREATE TABLE missing (id int)")
    guard case .succeeded = try await harness.runner().apply().ending else { Issue.record("not resumed"); return }
    #expect(try await harness.database.sql("SELECT count(*) FROM t").value == "2")
  }

  @Test("rollback takes the steps back in reverse order")
  func rollback() async throws {
    let harness = try EngineHarness(
      """
        one: { uses: sql.run, with: { up: "CREATE TABLE t (id int)", down: "DROP TABLE t" } }
        two: { uses: sql.run, needs: [one], with: { up: "INSERT INTO t VALUES (1)", down: "DELETE FROM t" } }
        three: { uses: index.create, needs: [two], with: { table: t, columns: [id] } }
      """, registry: .builtin)
    let applied = try await harness.runner().apply()
    guard case .succeeded = applied.ending else { Issue.record("\(applied.ending)"); return }
    #expect(try await harness.database.sql("SELECT indisvalid FROM pg_index WHERE indrelid = 't'::regclass").value == "t")
    let report = try await harness.runner().rollback()
    guard case .rolledBack = report.ending else { Issue.record("\(report.ending)"); return }
    #expect(try await harness.database.sql("SELECT to_regclass('t') IS NULL").value == "t")
    #expect(try await harness.states() == ["one": "undone", "two": "undone", "three": "undone"])
  }

  @Test("rows are changed in batches, each exactly once, and given back by rollback")
  func batches() async throws {
    try await harness(rows: 20_000)
    let harness = try EngineHarness(
      """
        fill:
          uses: data.batch
          with: { table: t, set: { n: n + 1 }, where: n = 0, chunk: 20ms, keep_undo: true }
      """, registry: .builtin)
    let report = try await harness.runner().apply()
    guard case .succeeded = report.ending else { Issue.record("\(report.ending)"); return }
    #expect(try await harness.database.sql("SELECT count(*) FROM t WHERE n = 1").value == "20000")
    guard case .rolledBack = try await harness.runner().rollback().ending else { Issue.record("not rolled back"); return }
    #expect(try await harness.database.sql("SELECT count(*) FROM t WHERE n = 0").value == "20000")
  }

  private func harness(rows: Int) async throws {
    try await TestDatabase.current.script(
      "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); INSERT INTO t SELECT g, 0 FROM generate_series(1, \(rows)) g")
  }
}

@Suite(.database) struct RollbackInPartTests {
  @Test("a rollback to a step keeps what was done before it, and going forward does the rest again")
  func toStep() async throws {
    let harness = try EngineHarness(
      """
        one: { uses: sql.run, with: { up: "CREATE TABLE t (id int)", down: "DROP TABLE t" } }
        two: { uses: sql.run, needs: [one], with: { up: "INSERT INTO t VALUES (2)", down: "DELETE FROM t WHERE id = 2" } }
        three: { uses: sql.run, needs: [two], with: { up: "INSERT INTO t VALUES (3)", down: "DELETE FROM t WHERE id = 3" } }
        four: { uses: index.create, needs: [three], with: { table: t, columns: [id] } }
      """, registry: .builtin)
    guard case .succeeded = try await harness.runner().apply().ending else { Issue.record("not applied"); return }
    guard case .rolledBack = try await harness.runner().rollback(to: "two").ending else { Issue.record("not back"); return }
    #expect(try await harness.database.sql("SELECT string_agg(id::text, ',') FROM t").value == "2")
    #expect(try await harness.states() == ["one": "done", "two": "done", "three": "undone", "four": "undone"])
    let again = try await harness.runner().apply()
    guard case .succeeded = again.ending else { Issue.record("\(again.ending)"); return }
    #expect(try await harness.database.sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM t").value == "2,3")
    guard case .rolledBack = try await harness.runner().rollback().ending else { Issue.record("not back"); return }
    #expect(try await harness.database.sql("SELECT to_regclass('t') IS NULL").value == "t")
  }
}
