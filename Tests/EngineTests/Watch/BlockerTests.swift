import BuiltinPlugins
import Engine
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

@testable import Engine

/// When something is done about a transaction that is in the way.
@Suite struct BlockerPatienceTests {
  private let one = BlockerPatience.Transaction(pid: 7, began: "a")
  private let later = BlockerPatience.Transaction(pid: 7, began: "b")

  @Test("canceled after its time, ended so long after that, and only between its statements; another transaction begins anew")
  func course() {
    var patience = BlockerPatience(after: 1_000)
    #expect(patience.sees(one, isIdle: true, now: 0) == nil)
    #expect(patience.sees(one, isIdle: true, now: 999) == nil)
    #expect(patience.sees(one, isIdle: true, now: 1_000) == .cancel)
    #expect(patience.seconds(one, now: 1_000) == 1)
    #expect(patience.sees(later, isIdle: true, now: 1_500) == nil, "a pid is nobody")
    #expect(patience.sees(one, isIdle: true, now: 1_999) == nil)
    #expect(patience.sees(one, isIdle: false, now: 2_000) == .cancel, "at work: its statement can be canceled")
    #expect(patience.sees(one, isIdle: true, now: 2_999) == nil)
    #expect(patience.sees(one, isIdle: true, now: 3_000) == .terminate)
    #expect(patience.sees(later, isIdle: false, now: 3_000) == .cancel)
  }

  @Test("what nobody has met for an hour is forgotten")
  func forgotten() {
    var patience = BlockerPatience(after: 1_000)
    _ = patience.sees(one, isIdle: true, now: 0)
    patience.forget(now: 3_600_001)
    #expect(patience.sees(one, isIdle: true, now: 3_600_002) == nil)
  }
}

/// `blockers: { cancel: [roles], after: … }` against real sessions.
@Suite(.database(template: "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); GRANT ALL ON t TO PUBLIC"), .ownTime(.minutes(3)))
struct BlockerTests {
  private var database: TestDatabase { .current }
  private var listed: String { "listed_\(database.name)" }
  private var other: String { "other_\(database.name)" }

  private func with(_ body: () async throws -> Void) async throws {
    for role in [listed, other] { try await database.cluster.sql("CREATE ROLE \(id: role) LOGIN PASSWORD 'p'") }
    try await database.cluster.sql("ALTER DATABASE \(id: database.name) SET compute_query_id = on")
    let result: Result<Void, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    for role in [listed, other] {
      try await database.cluster.sql("DROP OWNED BY \(id: role)")
      try await database.sql("DROP OWNED BY \(id: role)")
      try await database.cluster.sql("DROP ROLE \(id: role)")
    }
    try result.get()
  }

  private func session(_ role: String) async throws -> Connection {
    try await Connection.connect(
      database.networkTarget, ConnectionSettings(overrides: ["user": role, "password": "p", "application_name": "reports"]))
  }

  private func harness(_ step: String, cancel: String? = nil, stall: String = "300ms") throws -> EngineHarness {
    try EngineHarness(
      "  s: { uses: \(step), max_stall: \(stall), retry: { attempts: 400, backoff: 20ms..100ms } }", registry: .builtin,
      environment: "blockers: { cancel: [\(cancel ?? listed)], after: 1s }")
  }

  private static let rename = "sql.run, with: { up: ALTER TABLE t RENAME TO u, down: ALTER TABLE u RENAME TO t }"

  private func events() async throws -> [String] {
    try await database.sql(
      """
      SELECT kind || ' ' || (data ->> 'role') || CASE WHEN data ? 'query_id' THEN ' query' ELSE '' END
      FROM caisson.event WHERE kind LIKE 'blocker.%' ORDER BY id
      """).rows.compactMap { $0[0] }
  }

  @Test("an idle transaction of a listed role: asked first, then its session is ended; both are in the journal, and no text of its")
  func idle() async throws {
    try await with {
      let holder = try await session(listed)
      try await holder.script("BEGIN; SELECT 'a secret of theirs' FROM t")
      let harness = try harness(Self.rename)
      try await harness.succeed(try await harness.runner().apply())
      #expect(try await events() == ["blocker.canceled \(listed) query", "blocker.terminated \(listed) query"])
      let all = try await database.sql("SELECT string_agg(e::text, ' ') FROM caisson.event e").value ?? ""
      #expect(!all.contains("secret"))
      let seconds: SQL = "SELECT bool_and((data ->> 'seconds')::int >= CASE kind WHEN 'blocker.canceled' THEN 1 ELSE 2 END) FROM caisson.event WHERE kind LIKE 'blocker.%'"
      #expect(try await database.sql(seconds).value == "t", "not before its time")
      #expect(harness.events.text.contains("ended the session of pid"))
      #expect(try await harness.flaws() == [])
      await #expect(throws: PostgresError.self) { try await holder.query("SELECT 1") }
    }
  }

  @Test("a statement at work is canceled, and its session stays; a concurrent build waits for it no longer")
  func active() async throws {
    try await with {
      let reader = try await session(listed)
      let long = Task { () -> String? in
        do throws(PostgresError) {
          _ = try await reader.query("SELECT count(*) FROM t, pg_sleep(120)")
          return nil
        } catch { return error.sqlState }
      }
      while try await database.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()").value != "1" {
        try await Task.sleep(for: .milliseconds(10))
      }
      let harness = try harness("index.create, with: { table: public.t, columns: [id], name: t_again }")
      try await harness.succeed(try await harness.runner().apply())
      #expect(await long.value == "57014")
      #expect(try await events() == ["blocker.canceled \(listed) query"])
      #expect(try await reader.query("SELECT 1").value == "1")
      await reader.close()
    }
  }

  @Test("a role that is not listed, and a superuser that is, are never touched, though a listed one beside them is")
  func untouched() async throws {
    try await with {
      let holder = try await session(other)
      try await holder.script("BEGIN; SELECT FROM t")
      let superuser = try await database.connect()
      try await superuser.script("BEGIN; SELECT FROM t")
      let listedOne = try await session(listed)
      try await listedOne.script("BEGIN; SELECT FROM t")
      let harness = try harness(Self.rename, cancel: "\(listed), postgres")
      let run = Task { try await harness.runner().apply() }
      #expect(await harness.events.says("ended the session of pid"))
      // As long again, and nothing has become of the others.
      try await Task.sleep(for: .seconds(2))
      #expect(try await holder.query("SELECT count(*) FROM t").value == "1")
      #expect(try await superuser.query("SELECT count(*) FROM t").value == "1")
      try await holder.script("COMMIT")
      try await superuser.script("COMMIT")
      try await harness.succeed(try await run.value)
      #expect(try await events() == ["blocker.canceled \(listed) query", "blocker.terminated \(listed) query"])
      await holder.close()
      await superuser.close()
    }
  }

  @Test("one that comes late has its own time; one that holds something else is left alone")
  func late() async throws {
    try await with {
      try await database.script("CREATE TABLE elsewhere (); GRANT ALL ON elsewhere TO PUBLIC")
      let bystander = try await session(listed)
      try await bystander.script("BEGIN; SELECT FROM elsewhere")
      let holder = try await session(other)
      try await holder.script("BEGIN; SELECT FROM t")
      let harness = try harness(Self.rename)
      let run = Task { try await harness.runner().apply() }
      #expect(await harness.events.says("pid \(holder.backendPID)"))
      try await Task.sleep(for: .milliseconds(1_200))
      let late = try await session(listed)
      let came = try await database.sql("SELECT clock_timestamp()").value ?? ""
      try await late.script("BEGIN; SELECT FROM t")
      try await holder.script("COMMIT")
      try await harness.succeed(try await run.value)
      let first: SQL = "SELECT min(at) - \(came)::timestamptz >= interval '1 s' FROM caisson.event WHERE kind = 'blocker.canceled'"
      #expect(try await database.sql(first).value == "t")
      #expect(try await database.sql("SELECT array_agg(DISTINCT (data ->> 'pid')::int)::text FROM caisson.event WHERE kind LIKE 'blocker.%'").value == "{\(late.backendPID)}")
      #expect(try await bystander.query("SELECT count(*) FROM elsewhere").value == "0")
      for session in [bystander, holder] { await session.close() }
    }
  }

  @Test("what is not said is not done: without blockers, and with wait, a holder stays", arguments: ["", "blockers: wait"])
  func never(environment: String) async throws {
    try await with {
      let holder = try await session(listed)
      try await holder.script("BEGIN; SELECT FROM t")
      let harness = try EngineHarness(
        "  s: { uses: \(Self.rename), max_stall: 100ms, retry: { attempts: 20, backoff: 100ms..150ms } }", registry: .builtin,
        environment: environment)
      #expect(try await !harness.runner().apply().ending.isSuccess)
      #expect(try await events() == [])
      #expect(try await holder.query("SELECT count(*) FROM t").value == "1")
      await holder.close()
    }
  }

  @Test("what cannot be kept is told before anything runs: rights that are missing, roles that are not there or exempt")
  func rights() async throws {
    try await with {
      func codes(_ roles: [String]) async throws -> [String] {
        let connection = try await database.connect()
        try await connection.script("SET ROLE \(other)")
        let found = try await BlockerRights(rule: BlockerRule(roles: roles, after: .seconds(1))).findings(on: connection)
        await connection.close()
        return found.map(\.code)
      }
      #expect(try await codes([listed]) == ["blockers.privilege"])
      #expect(try await codes([other]) == [], "its own sessions")
      #expect(try await codes(["postgres", listed + "x"]).sorted() == ["blockers.exempt", "blockers.role"])
      try await database.cluster.sql("GRANT pg_signal_backend TO \(id: other)")
      #expect(try await codes([listed]) == ["blockers.privilege"], "it would not see what they do")
      try await database.cluster.sql("GRANT pg_read_all_stats TO \(id: other)")
      #expect(try await codes([listed]) == [])

      let harness = try harness(Self.rename, cancel: listed + "_")
      let findings = (try await harness.runner().preview().preparation["s"]?.findings ?? []).filter { $0.code.hasPrefix("blockers.") }
      #expect(findings.map(\.code) == ["blockers.role"] && findings.first?.choices == ["did you mean \(listed)?"], "\(findings)")
    }
  }
}
