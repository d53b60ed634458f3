import BuiltinPlugins
import Engine
import Journal
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

/// An unfinished run goes on with an edited plan, and a phase that would do something else than was shown is not run.
@Suite(.database(template: Amended.table)) struct AmendTests {
  private static let one = #"one: { uses: sql.run, with: { up: "CREATE TABLE a (id int)", down: "DROP TABLE a" } }"#
  private static let broken = #"two: { uses: sql.run, needs: [one], with: { up: "INSERT INTO missing VALUES (1)", down: "SELECT 1" } }"#
  private static let index = "index: { uses: index.create, needs: [two], with: { table: t, columns: [n] } }"

  private func harness(_ steps: String..., environment: String = "") throws -> EngineHarness {
    try EngineHarness(steps.map { "  \($0)" }.joined(separator: "\n"), registry: .builtin, environment: environment)
  }

  /// One is done, two has failed with nothing done, the index waits.
  private func failed(environment: String = "") async throws -> EngineHarness {
    let harness = try harness(Self.one, Self.broken, Self.index, environment: environment)
    guard case .failed = try await harness.runner().apply().ending else { throw EngineError(.failed, "did not fail") }
    return harness
  }

  @Test("what has not run is changed, removed, added; what has is kept; all of it is rolled back")
  func amended() async throws {
    let before = try await failed()
    let hash = before.resolved.planHash
    let after = try harness(
      Self.one, #"two: { uses: sql.run, needs: [one], with: { up: "INSERT INTO a VALUES (1)", down: "DELETE FROM a" } }"#,
      #"new: { uses: sql.run, needs: [two], with: { up: "INSERT INTO a VALUES (2)", down: "DELETE FROM a WHERE id = 2" } }"#,
      "again: { uses: index.create, needs: [one], with: { table: t, columns: [n, id] } }")
    let refused = await #expect(throws: EngineError.self) { try await after.runner().resume() }
    #expect(refused?.code == .drift && refused?.hint?.contains("resume --amend") == true)
    guard case .succeeded = try await after.runner().resume(amending: true).ending else { Issue.record("not amended"); return }
    #expect(try await after.states() == ["one": "done", "two": "done", "new": "done", "again": "done"])
    #expect(try await after.database.sql("SELECT sum(id) FROM a").value == "3")
    let row = try await after.database.sql("SELECT encode(amended_from, 'hex') = \(hash), count(*) OVER () = 1 FROM caisson.run").rows.first
    #expect(row?[0] == "t" && row?[1] == "t")
    let event = try await after.database.sql("SELECT data FROM caisson.event WHERE kind = 'run.amended'").value ?? ""
    #expect(event.contains("- steps.index") && event.contains("+ steps.new") && event.contains("INSERT INTO missing"))
    #expect(try await after.flaws() == [])
    guard case .rolledBack = try await after.runner().rollback().ending else { Issue.record("not rolled back"); return }
    #expect(try await after.database.sql("SELECT to_regclass('a') IS NULL AND count(*) = 1 FROM pg_index WHERE indrelid = 't'::regclass").value == "t")
    #expect(try await after.flaws() == [])
  }

  @Test("a run is amended as often as it takes, items of a list too; each amendment is in its history, the way back is whole")
  func repeatedly() async throws {
    func each(_ items: String) -> String {
      "each: { uses: sql.run, needs: [one], for_each: [\(items)], with: { up: \"INSERT INTO a VALUES (${each})\", "
        + "down: \"DELETE FROM a WHERE id = ${each}\" } }"
    }
    let before = try await failed()
    // The second item cannot work, the third never can.
    for items in ["1, 1/0", "1, 2, 1/0"] {
      let harness = try harness(Self.one, each(items))
      guard case .failed = try await harness.runner().resume(amending: true).ending else { return _ = Issue.record("\(items)") }
      #expect(try await harness.flaws() == [])
    }
    // Another order is another step under the name of one that is done.
    let moved = try harness(Self.one, each("2, 1"))
    let error = await #expect(throws: EngineError.self) { try await moved.runner().resume(amending: true) }
    #expect(error?.message.contains("each[1]: begun or done, and changed") == true, "\(error?.message ?? "")")
    let last = try harness(Self.one, each("1, 2, 3"))
    guard case .succeeded = try await last.runner().resume(amending: true).ending else { return _ = Issue.record("not amended") }
    #expect(try await last.database.sql("SELECT string_agg(id::text, ' ' ORDER BY id) FROM a").value == "1 2 3")
    let history = try await last.database.sql("SELECT count(*), count(DISTINCT data ->> 'was') FROM caisson.event WHERE kind = 'run.amended'").rows.first
    #expect(history?[0] == "3" && history?[1] == "3")
    let kept = try await last.database.sql("SELECT count(*), bool_and(encode(amended_from, 'hex') = \(before.resolved.planHash)) FROM caisson.run").rows.first
    #expect(kept?[0] == "1" && kept?[1] == "t")
    guard case .rolledBack = try await last.runner().rollback().ending else { return _ = Issue.record("not rolled back") }
    #expect(try await last.database.sql("SELECT to_regclass('a') IS NULL").value == "t")
    #expect(try await last.flaws() == [])
  }

  @Test("what is done cannot become another step; nothing is changed then, and the plan as it was goes on", arguments: [
    ("changed", #"one: { uses: sql.run, with: { up: "CREATE TABLE a (id bigint)", down: "DROP TABLE a" } }"#, "needs: [one], "),
    ("removed", "", ""),
    ("skipped", #"one: { uses: sql.run, skip: not here, with: { up: "CREATE TABLE a (id int)", down: "DROP TABLE a" } }"#, "needs: [one], "),
  ])
  func solid(problem: String, one: String, needs: String) async throws {
    let before = try await failed()
    let after = try harness(
      one, "two: { uses: sql.run, \(needs)with: { up: \"SELECT 1\", down: \"SELECT 1\" } }", Self.index)
    let error = await #expect(throws: EngineError.self) { try await after.runner().apply(amending: true) }
    #expect(error?.code == .drift && error?.message.contains("one: begun or done, and \(problem)") == true, "\(error?.message ?? "")")
    #expect(error?.hint?.contains("caisson rollback --to") == true)
    try await before.database.script("CREATE TABLE missing (id int)")
    guard case .succeeded = try await before.runner().resume().ending else { Issue.record("not resumed"); return }
  }

  @Test("an amendment that fails in mid-way leaves the run as it was")
  func atomic() async throws {
    let before = try await failed()
    let dump: SQL = "SELECT string_agg(s::text, '|' ORDER BY step) || encode(r.plan_hash, 'hex') FROM caisson.step s JOIN caisson.run r USING (run_id) GROUP BY r.plan_hash"
    let state = try await before.database.sql(dump).value
    try await before.database.script(
      """
      CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION SQLSTATE ''57P01''; END';
      CREATE TRIGGER stop BEFORE INSERT ON caisson.event FOR EACH ROW WHEN (NEW.kind = 'run.amended') EXECUTE FUNCTION stop();
      """)
    let after = try harness(Self.one)
    await #expect(throws: (any Error).self) { try await after.runner().resume(amending: true) }
    #expect(try await before.database.sql(dump).value == state)
    try await before.database.script("DROP TRIGGER stop ON caisson.event")
    guard case .succeeded = try await after.runner().resume(amending: true).ending else { Issue.record("not amended"); return }
    #expect(try await after.states() == ["one": "done"])
  }

  @Test("a run whose step somebody holds is not amended; whoever knows the plan as it was claims nothing afterwards")
  func held() async throws {
    let before = try harness(Self.one, Self.index.replacing("two", with: "one"))
    _ = try await before.runner().apply(until: "one")
    let run = try await before.database.sql("SELECT run_id FROM caisson.run").value ?? ""
    let connection = try await before.database.connect()
    var identity = ThisProcess.identity()
    identity.labels = ["plan": .string(before.resolved.planHash)]
    try await connection.query(JournalSQL.registerRunner(identity))
    try await connection.query("UPDATE caisson.run SET state = 'running'")
    let claim = JournalSQL.claim(run: run, step: "index", runner: identity.id, ttl: .seconds(30))
    let held = try #require(try await connection.query(claim).rows.first)
    let after = try harness(Self.one, "other: { uses: index.create, with: { table: t, columns: [n] } }")
    let error = await #expect(throws: EngineError.self) { try await after.runner().resume(amending: true) }
    #expect(error?.code == .held, "\(error?.message ?? "")")
    try await connection.query(JournalSQL.release(Holding(held, run: run, runner: identity.id)))
    let outcome = try await after.runner().apply(until: "one", amending: true)
    guard case .succeeded = outcome.ending else { Issue.record("\(outcome.ending)"); return }
    try await connection.query("UPDATE caisson.run SET state = 'running', desired = 'run'")
    let other = JournalSQL.claim(run: run, step: "other", runner: identity.id, ttl: .seconds(30))
    #expect(try await connection.query(other).rows.isEmpty)
    try await connection.query("UPDATE caisson.runner SET labels = jsonb_build_object('plan', \(after.resolved.planHash)::text)")
    #expect(try await connection.query(other).rows.count == 1)
    await connection.close()
  }

  @Test("approvals of the version before are void, and who amends does not approve")
  func approvals() async throws {
    let before = try harness(Self.one, environment: "approvals: 1")
    guard case .waiting = try await before.runner().apply().ending else { Issue.record("did not wait"); return }
    try await before.database.script("UPDATE caisson.run SET started_by = 'somebody'")
    func vote(_ plan: String) async throws -> Row? {
      let run = try await before.database.sql("SELECT run_id FROM caisson.run").value ?? ""
      return try await before.database.sql(
        JournalSQL.approve(run: run, gate: "release", plan: plan, actor: "me", reason: nil)).rows.first
    }
    #expect(try await vote(before.resolved.planHash)?["state"] == "open")
    let after = try harness(
      Self.one, #"two: { uses: sql.run, needs: [one], with: { up: "SELECT 1", down: "SELECT 1" } }"#, environment: "approvals: 1")
    guard case .waiting = try await after.runner().resume(amending: true).ending else { Issue.record("did not wait"); return }
    #expect(try await after.database.sql("SELECT count(*) FROM caisson.approval").value == "0")
    #expect(try await vote(after.resolved.planHash)?["problem"]?.contains("has amended the run itself") == true)
    try await after.database.script("UPDATE caisson.run SET amended_by = '{}'")
    #expect(try await vote(after.resolved.planHash)?["state"] == "open")
    guard case .succeeded = try await after.runner().resume().ending else { Issue.record("not resumed"); return }
  }

  @Test("a phase that would do something else than was shown is not run, however often it is tried, until it is accepted")
  func drift() async throws {
    let harness = try harness(Self.one, Self.index.replacing("two", with: "one"))
    _ = try await harness.runner().apply(until: "one")
    try await harness.database.script("CREATE INDEX t_n_idx ON t (n)")
    for _ in 1...2 {
      guard case .failed(let errors) = try await harness.runner().resume().ending else { Issue.record("no drift"); return }
      #expect(errors.first?.code == .drift && errors.first?.step == "index", "\(errors)")
      #expect(errors.first?.message.contains("was not run") == true && errors.first?.hint?.contains("--amend") == true)
    }
    guard case .succeeded = try await harness.runner().resume(amending: true).ending else { Issue.record("not accepted"); return }
    #expect(try await harness.flaws() == [])
  }
}

private enum Amended {
  static let table = "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT g, g FROM generate_series(1, 50) g"
}
