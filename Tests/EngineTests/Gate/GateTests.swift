import BuiltinPlugins
@testable import Engine
import PluginAPI
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

/// What keeps a step from being claimed, and what does not.
@Suite(.database(template: "CREATE TABLE door (open boolean); INSERT INTO door VALUES (false)"), .ownTime(.minutes(5)))
struct GateTests {
  private var database: TestDatabase { .current }

  private func make(_ table: String, _ more: String = "") -> String {
    "  \(table): { uses: sql.run, \(more)with: { up: CREATE TABLE \(table) (), down: DROP TABLE \(table) } }\n"
  }

  private func door(_ every: String = "1h") -> String {
    "  door: { uses: gate.query, with: { query: SELECT open FROM door, message: the door, every: \(every) } }\n"
  }

  private func exists(_ table: String) async throws -> Bool {
    try await database.sql("SELECT to_regclass(\(table)) IS NOT NULL").value == "t"
  }

  private func until(_ condition: () async throws -> Bool) async throws {
    #expect(try await eventually(condition))
  }

  private func closed(_ report: RunReport) -> [ClosedGate] {
    if case .waiting(let gates) = report.ending { return gates }
    Issue.record("\(report.ending)")
    return []
  }

  private func succeeded(_ report: RunReport) -> Bool { if case .succeeded = report.ending { true } else { false } }

  @Test("a closed gate holds back what needs it and nothing else; the run waits, says until when, and goes on once it is open")
  func closedGate() async throws {
    let harness = try EngineHarness(door() + make("behind", "needs: [door], ") + make("beside"), registry: .builtin)
    let first = closed(try await harness.runner().apply())
    #expect(first.map(\.reason) == ["door: the door"] && first.map(\.kind) == ["query"])
    #expect(first.first?.wait.map { $0 > .seconds(3_500) && $0 <= .seconds(3_600) } == true, "\(first)")
    #expect(try await harness.states() == ["door": "pending", "behind": "pending", "beside": "done"])
    let row = try await database.sql("SELECT state || ' ' || reason || ' ' || (next_at > now()) FROM caisson.gate").value
    #expect(row == "closed the door true")
    #expect(try await database.sql("SELECT state FROM caisson.run").value == "waiting")
    // Asked again and closed again: neither an attempt nor an event more.
    _ = closed(try await harness.runner().apply())
    #expect(try await database.sql("SELECT attempt FROM caisson.step WHERE step = 'door'").value == "0")
    #expect(try await database.sql("SELECT count(*) FROM caisson.event WHERE kind = 'gate.closed'").value == "1")

    try await database.sql("UPDATE door SET open = true")
    #expect(succeeded(try await harness.runner().apply()))
    #expect(try await exists("behind"))
    let opened = try await database.sql("SELECT count(*) FROM caisson.event WHERE kind = 'gate.opened' AND step = 'door'").value
    #expect(opened == "1")
    #expect(try await harness.flaws() == [])
  }

  @Test("what a gate has found counts for an hour: a run resumed later asks again before it begins what needs it")
  func passedLongAgo() async throws {
    try await database.sql("UPDATE door SET open = true")
    let harness = try EngineHarness(
      door() + make("soon", "needs: [door], ") + make("late", "needs: [door, soon], "), registry: .builtin)
    #expect(succeeded(try await harness.runner().apply(until: "door")))
    try await database.sql("UPDATE door SET open = false")
    #expect(succeeded(try await harness.runner().apply(until: "soon")))
    try await database.sql("UPDATE caisson.step SET changed_at = now() - interval '61 min' WHERE step = 'door'")
    #expect(closed(try await harness.runner().apply()).map(\.reason) == ["late: door: the door"])
    try await database.sql("UPDATE door SET open = true")
    #expect(succeeded(try await harness.runner().apply()))
    #expect(try await exists("late"))
    #expect(try await harness.flaws() == [])
  }

  @Test("the server refuses a claim under the verdict that is in the journal, by whatever runner")
  func enforced() async throws {
    let harness = try EngineHarness(door(), registry: .builtin)
    _ = closed(try await harness.runner().apply())
    try await database.sql("UPDATE caisson.run SET state = 'running'")
    let claim: SQL = """
      SELECT count(*) FROM caisson.claim((SELECT run_id FROM caisson.run), 'door',
        (SELECT runner_id FROM caisson.runner LIMIT 1), interval '1 min')
      """
    #expect(try await database.sql(claim).value == "0")
    try await database.sql("UPDATE caisson.gate SET state = 'open'")
    #expect(try await database.sql(claim).value == "1")
  }

  @Test("a gate that opens while other steps are at work is noticed without waiting for their end")
  func whileOthersWork() async throws {
    let busy = "  busy: { uses: sql.run, with: { up: \"SELECT count(*) FROM door, pg_sleep(8)\", down: SELECT 1 } }\n"
    let harness = try EngineHarness(door("1s") + make("behind", "needs: [door], ") + busy, registry: .builtin)
    let running = Task { try await harness.runner().apply() }
    #expect(await harness.events.says("the door"))
    try await database.sql("UPDATE door SET open = true")
    try await until { try await exists("behind") }
    #expect(try await harness.states()["busy"] != "done")
    #expect(succeeded(try await running.value))
  }

  @Test("a worker waits at a closed gate and goes on by itself")
  func worker() async throws {
    let harness = try EngineHarness(door("1s") + make("behind", "needs: [door], "), registry: .builtin)
    _ = try await harness.runner().submit()
    let joined = Task { try await harness.runner().join() }
    #expect(await harness.events.says("the door"))
    #expect(try await !exists("behind"))
    try await database.sql("UPDATE door SET open = true")
    let report = try await joined.value
    #expect(report.map(succeeded) == true, "\(String(describing: report?.ending))")
    #expect(try await harness.flaws() == [])
  }

  @Test("a step soaks from the moment it was done")
  func soak() async throws {
    let steps = make("first") + "  soak: { uses: gate.soak, needs: [first], with: { after: first, for: 8s } }\n"
    let harness = try EngineHarness(steps + make("last", "needs: [soak], "), registry: .builtin)
    let waiting = closed(try await harness.runner().apply())
    #expect(waiting.first?.reason.contains("first was done at 20") == true && waiting.first?.kind == "soak", "\(waiting)")
    try await Task.sleep(for: waiting.first?.wait ?? .zero)
    try await Task.sleep(for: .milliseconds(50))
    #expect(succeeded(try await harness.runner().apply()))
  }

  @Test("a soak after a step that the plan does not have is refused before anything runs")
  func soakAfterNothing() async throws {
    let harness = try EngineHarness(
      make("first") + "  soak: { uses: gate.soak, with: { after: frist, for: 2s } }\n", registry: .builtin)
    guard case .refused(let refusals) = try await harness.runner().apply().ending else { return _ = Issue.record("not refused") }
    #expect(refusals.map(\.finding.code) == ["gate.step"] && refusals.first?.finding.choices.first?.contains("first") == true)
    #expect(try await !exists("first"))
  }

  /// `HH:MM-HH:MM UTC` around the server's time, shifted by so many hours.
  private func window(_ hours: Int) async throws -> String {
    let text: SQL = """
      SELECT to_char(t - interval '1 hour', 'HH24:MI-') || to_char(t + interval '1 hour', 'HH24:MI') || ' UTC'
      FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' + \(hours) * interval '1 hour' AS t) x
      """
    return try await database.sql(text).value ?? ""
  }

  @Test("outside of the environment's windows no step begins; inside they do", arguments: [6, 0])
  func environmentWindows(hours: Int) async throws {
    let harness = try EngineHarness(
      make("one"), registry: .builtin, environment: "windows: [\(try await window(hours))]\nwindow_end: pause")
    let report = try await harness.runner().apply()
    if hours == 0 {
      #expect(succeeded(report))
    } else {
      let gates = closed(report)
      #expect(gates.map(\.kind) == ["window"] && gates.first?.step == nil, "\(gates)")
      #expect(gates.first?.wait.map { $0 > .seconds(4 * 3_600) && $0 < .seconds(5 * 3_600 + 61) } == true, "\(gates)")
      #expect(try await !exists("one"))
      #expect(try await harness.runner().join() == nil, "no worker takes part before it opens")
    }
  }

  @Test("a step's own window holds back that step alone; so does gate.window")
  func stepWindows() async throws {
    let later = try await window(6), now = try await window(0)
    let harness = try EngineHarness(
      make("one", "window: \(later), ") + make("two", "window: [\(later), \(now)], ")
        + "  gate: { uses: gate.window, with: { windows: \(later) } }\n" + make("three", "needs: [gate], "),
      registry: .builtin)
    let gates = closed(try await harness.runner().apply())
    #expect(gates.map(\.step) == ["one", "gate"] && gates.allSatisfy { $0.kind == "window" }, "\(gates)")
    #expect(try await harness.states() == ["one": "pending", "two": "done", "gate": "pending", "three": "pending"])
  }

  @Test("another role approves one step; until then it, and what needs it, waits")
  func approval() async throws {
    let harness = try EngineHarness(
      "  ok: { uses: gate.approval, with: {} }\n" + make("behind", "needs: [ok], ") + make("beside"), registry: .builtin)
    let gates = closed(try await harness.runner().apply())
    #expect(gates.map(\.step) == ["ok"] && gates.first?.isVoted == true)
    #expect(try await exists("beside"))
    try await database.script("UPDATE caisson.run SET started_by = 'somebody else'")
    let votes = try await database.sql(
      "SELECT state, problem FROM caisson.approve((SELECT run_id FROM caisson.run), 'step:ok', (SELECT plan_hash FROM caisson.run), 'p', NULL)")
    #expect(votes.rows.first?[0] == "open", "\(votes.rows)")
    #expect(succeeded(try await harness.runner().apply()))
  }

  @Test("past a limit no step begins, and what is at work is stopped with its checkpoint kept; below it the run goes on")
  func limits() async throws {
    let cluster = try await TestCluster.start()
    try await cluster.sql("CREATE TABLE work (id int PRIMARY KEY, n int)")
    try await cluster.sql("INSERT INTO work SELECT g, 0 FROM generate_series(1, 6000) g")
    try await cluster.sql("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.002); RETURN NEW; END'")
    try await cluster.sql("CREATE TRIGGER dawdle BEFORE UPDATE ON work FOR EACH ROW EXECUTE FUNCTION dawdle()")
    let fill = "  fill: { uses: data.batch, with: { table: work, set: { n: \"1\" }, where: n = 0, chunk: 100ms, keep_undo: true } }"
    let harness = try EngineHarness(fill, registry: .builtin, environment: "limits: { slot_wal: 1MB, free_disk: 1MB }")
    let running = Task { try await harness.runner(on: cluster).apply() }
    try await until { try await cluster.sql("SELECT count(*) > 10 FROM work WHERE n = 1").value == "t" }
    try await cluster.sql("SELECT pg_create_physical_replication_slot('held', true)")
    try await cluster.sql("CREATE TABLE big AS SELECT repeat(md5(g::text), 30) FROM generate_series(1, 4000) g")
    let gates = closed(try await running.value)
    #expect(gates.map(\.kind) == ["limit"] && gates.first?.reason.contains("MB of WAL, 1MB are allowed") == true, "\(gates)")
    #expect(gates.first?.reason.contains("slot held") == true)
    let done = try await cluster.sql("SELECT count(*) FROM work WHERE n = 1").value.flatMap { Int($0) } ?? 0
    #expect(done > 10 && done < 6000, "\(done)")
    _ = closed(try await harness.runner(on: cluster).apply())
    try await cluster.sql("SELECT pg_drop_replication_slot('held')")
    try await cluster.sql("DROP TRIGGER dawdle ON work")
    #expect(succeeded(try await harness.runner(on: cluster).apply()))
    try await cluster.stop()
  }

  @Test("limits.free_disk: what is asked for and not there is told before anything begins; the server's role has to see it")
  func freeDisk() async throws {
    let harness = try EngineHarness(make("one"), registry: .builtin, environment: "limits: { free_disk: 900TB }")
    let gates = closed(try await harness.runner().apply())
    let reason = gates.first?.reason ?? ""
    #expect(gates.map(\.kind) == ["limit"] && reason.hasSuffix("MB are free where the server keeps its data, 900TB have to be"), "\(gates)")
    #expect(gates.first?.wait.map { $0 > .seconds(20) && $0 <= .seconds(30) } == true)
    #expect(try await !exists("one"))
    let connection = try await database.connect()
    let plain = "plain_\(database.name)"
    try await connection.script("CREATE ROLE \(plain); SET ROLE \(plain)")
    let look = LimitLook(limits: harness.resolved.environment.limits, connection: connection)
    let error = await #expect(throws: EngineError.self) { try await look.problem() }
    #expect(error?.code == .refused && error?.hint?.contains("pg_read_all_settings") == true)
    try await connection.script("RESET ROLE; DROP ROLE \(plain)")
    await connection.close()
  }
}
