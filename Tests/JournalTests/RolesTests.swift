import JSONText
import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

/// Who may do what: the groups of `journal install --roles`, asked by logins that are in one of them and nothing else.
@Suite(.database) struct RolesTests {
  private let database = TestDatabase.current

  @Test("every table, sequence and function of the schema is entered under what each group may do with it")
  func complete() async throws {
    _ = try await JournalFixture()
    let tables = try await names(
      "SELECT relname FROM pg_class WHERE relnamespace = 'caisson'::regnamespace AND relkind IN ('r','p','v','m','f')")
    #expect(tables == Rights.tables.map(\.name).sorted(), "Sources/Journal/Roles/Rights.swift")
    let sequences = try await names(
      """
      SELECT relname FROM pg_class c WHERE relnamespace = 'caisson'::regnamespace AND relkind = 'S'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')
      """)
    #expect(sequences == Rights.sequences.sorted())
    let functions = try await names("SELECT proname FROM pg_proc WHERE pronamespace = 'caisson'::regnamespace")
    #expect(functions == Rights.functions.flatMap(\.names).sorted(), "Sources/Journal/Roles/Rights.swift")
    let unpinned = try await names(
      """
      SELECT proname FROM pg_proc WHERE pronamespace = 'caisson'::regnamespace AND prosecdef
        AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(proconfig, '{}'))
      """)
    #expect(unpinned == [])
  }

  @Test("again it changes nothing, and takes back what was granted otherwise")
  func repeated() async throws {
    let fixture = try await JournalFixture()
    let first = try await RoleInstaller().install(on: fixture.connection)
    #expect(first.granted.contains { $0.role == "caisson_runner" && $0.object == "lease" && $0.privilege == "INSERT" })
    #expect(first.revoked.contains { $0.role == "PUBLIC" && $0.object == "claim()" })
    let second = try await RoleInstaller().install(on: fixture.connection)
    #expect(second.created == [] && second.granted == [] && second.revoked == [])
    try await fixture.sql("GRANT DELETE ON caisson.gate TO caisson_runner")
    let third = try await RoleInstaller().install(on: fixture.connection)
    #expect(third.revoked.map { "\($0.privilege) \($0.object)" } == ["DELETE gate"] && third.granted == [])
  }

  @Test("journals of two databases install at the same time, each grants its own")
  func sideBySide() async throws {
    let one = try await JournalFixture()
    try await TestDatabase.with { other in
      let two = try await JournalFixture(other.target)
      async let first = RoleInstaller().install(on: one.connection)
      async let second = RoleInstaller().install(on: two.connection)
      #expect(try await first.granted.count == second.granted.count)
      await two.connection.close()
    }
    #expect(try await RoleInstaller().install(on: one.connection).granted == [])
  }

  @Test("who does not own the journal is told whose it is")
  func foreign() async throws {
    let fixture = try await JournalFixture()
    try await RoleInstaller().install(on: fixture.connection)
    let other = try await login(in: .viewer)
    let error = await #expect(throws: JournalError.self) { try await RoleInstaller().install(on: other) }
    #expect(error?.problem == .notAllowed && error?.message.contains("belongs to") == true)
    #expect(error?.hint.contains("--print-sql") == true)
  }

  @Test("where roles cannot be made, the statements for somebody who can are named")
  func missing() async throws {
    let cluster = try await TestCluster.start()
    try await cluster.sql("CREATE ROLE owner LOGIN PASSWORD 'x'")
    try await cluster.sql("GRANT CREATE ON DATABASE postgres TO owner")
    let target = cluster.networkTarget(user: "owner", password: "x", database: "postgres")
    let connection = try await Connection.connect(target)
    try await Installer.install(on: connection, target: "t")
    let error = await #expect(throws: JournalError.self) { try await RoleInstaller().install(on: connection) }
    #expect(error?.hint.contains("CREATE ROLE caisson_runner NOLOGIN IN ROLE caisson_viewer;") == true)
    let superuser = try await cluster.connect()
    for statement in RolesScript.creation { try await superuser.script(statement) }
    let outcome = try await RoleInstaller().install(on: connection)
    #expect(outcome.created == [] && !outcome.granted.isEmpty)
    await connection.close()
    await superuser.close()
    try await cluster.stop()
  }

  @Test("the printed statements do the same as the command")
  func printed() async throws {
    let fixture = try await JournalFixture()
    _ = try await fixture.connection.script(RolesScript().text)
    let after = try await RoleInstaller().install(on: fixture.connection)
    #expect(after.granted == [] && after.revoked == [])
  }

  // MARK: A runner cannot approve itself

  @Test("a runner opens no approval gate and writes no history, by whatever statement", arguments: ForbiddenToRunners.all)
  func forbidden(_ statements: [String]) async throws {
    let fixture = try await JournalFixture()
    try await RoleInstaller().install(on: fixture.connection)
    let connection = try await login(in: .runner)
    let runner = JournalFixture(over: connection)
    let run = try await runner.waiting()
    for text in statements {
      let statement = text.replacing(":run", with: "'\(run)'::uuid")
      let code = await runner.refusal(SQL(verbatim: statement))
      #expect(code == "42501", "\(text): \(code ?? "carried out")")
    }
    #expect(try await fixture.sql("SELECT state FROM caisson.gate").first?["state"] == "closed")
    await connection.close()
  }

  @Test("its own vote does not count, also not of a login that is an approver as well")
  func ownVote() async throws {
    let fixture = try await JournalFixture()
    try await RoleInstaller().install(on: fixture.connection)
    let connection = try await login(in: .runner, .approver)
    let both = JournalFixture(over: connection)
    let run = try await both.waiting()
    for role in ["caisson_approver", "caisson_runner", "NONE"] {
      try await both.sql(SQL(verbatim: "SET ROLE \(role)"))
      let vote = JournalSQL.approve(run: run, gate: "release", plan: "01", actor: "boss", reason: nil)
      if role == "caisson_runner" {
        #expect(await both.refusal(vote) == "42501")
      } else {
        #expect(try await both.sql(vote).first?["problem"]?.contains("has started the run itself") == true)
      }
    }
    #expect(try await fixture.sql("SELECT count(*) FROM caisson.approval").first?[0] == "0")
    let approver = JournalFixture(over: try await login(in: .approver))
    let vote = JournalSQL.approve(run: run, gate: "release", plan: "01", actor: "boss", reason: nil)
    #expect(try await approver.sql(vote).first?["state"] == "open")
  }

  @Test("a function under a journal's name is called by nobody: commands refuse, the owner's functions do not see it")
  func impostors() async throws {
    let fixture = try await JournalFixture()
    try await RoleInstaller().install(on: fixture.connection)
    let runner = JournalFixture(over: try await login(in: .runner))
    let run = try await runner.waiting()
    for signature in [
      "approve(text, text, text, text, text) RETURNS TABLE (state text, given int, needed int, problem text)",
      "turn_run(uuid, text[], text, text, varchar) RETURNS TABLE (was text)",
      "needs_undo(varchar, integer) RETURNS boolean", "needs_undo(varchar, bigint) RETURNS boolean",
      "require_approval(bytea, text, varchar, integer) RETURNS void",
      "prunable(text) RETURNS TABLE (run_id uuid)",
      "event_bytes(bigint, bigint, timestamptz, uuid, text, integer, bigint, text, text, text, json) RETURNS bytea",
    ] {
      try await runner.sql(
        SQL(verbatim: "CREATE FUNCTION caisson.\(signature) LANGUAGE plpgsql AS 'BEGIN RAISE division_by_zero; END'"))
    }
    let error = await #expect(throws: JournalError.self) { try await Installer.require(on: fixture.connection) }
    #expect(error?.problem == .foreign && error?.message.contains("caisson.approve(text,text,text,text,text) of") == true)
    let approver = JournalFixture(over: try await login(in: .approver))
    let vote = JournalSQL.approve(run: run, gate: "release", plan: "01", actor: "boss", reason: nil)
    #expect(try await approver.sql(vote).first?["state"] == "open")
    #expect(try await fixture.sql(JournalSQL.setDesired(run, .cancel, by: "x")).count == 1)
    #expect(try await fixture.sql("SELECT * FROM caisson.settle_run('\(sql: SQL(verbatim: run))'::uuid, 'x')").first?["state"] == "canceled")
    #expect(try await Sealer(fixture.connection).seal() > 0)
    _ = try await runner.waiting()
  }

  // MARK: Viewers and approvers

  @Test("a viewer reads everything and writes nothing")
  func viewer() async throws {
    let fixture = try await JournalFixture()
    try await RoleInstaller().install(on: fixture.connection)
    let run = try await fixture.run("a")
    let viewer = JournalFixture(over: try await login(in: .viewer))
    #expect(try await viewer.reader.steps(run: run).count == 1)
    try await viewer.expectSound()
    #expect(try await Audit.run(on: viewer.connection).isSound)
    for text in [
      "UPDATE caisson.run SET desired = 'pause'", "INSERT INTO caisson.event (kind, actor) VALUES ('note', 'x')",
      "SELECT caisson.approve(:run, 'release', '\\x01', 'x', NULL)", "SELECT nextval('caisson.fence')",
      "SELECT caisson.settle_run(:run, 'x')", "SELECT caisson.seal_events(1)", "CREATE TABLE caisson.mine ()",
    ] {
      #expect(await viewer.refusal(SQL(verbatim: text.replacing(":run", with: "'\(run)'"))) == "42501", "\(text)")
    }
  }

  @Test("an approver votes and asks to pause, and runs nothing")
  func approver() async throws {
    let fixture = try await JournalFixture()
    try await RoleInstaller().install(on: fixture.connection)
    let run = try await fixture.run("a")
    let approver = JournalFixture(over: try await login(in: .approver))
    for text in [
      "UPDATE caisson.run SET state = 'succeeded'", "UPDATE caisson.step SET state = 'skipped'",
      "SELECT caisson.claim(:run, NULL, gen_random_uuid(), '30s')",
      "INSERT INTO caisson.approval (run_id, gate, actor) VALUES (:run, 'release', 'x')",
      "INSERT INTO caisson.event (run_id, kind, actor) VALUES (:run, 'gate.opened', 'x')",
      "SELECT caisson.turn_run(:run, '{}', 'x', 'x', 'x')", "CREATE TABLE caisson.mine ()",
      "INSERT INTO caisson.firing (schedule_id, due_at) VALUES (1, now())",
    ] {
      #expect(await approver.refusal(SQL(verbatim: text.replacing(":run", with: "'\(run)'"))) == "42501", "\(text)")
    }
    #expect(try await approver.sql(JournalSQL.setDesired(run, .pause, by: "me")).count == 1)
    #expect(try await approver.sql(JournalSQL.finishRun(run, actor: "me")).first?["state"] == "paused")
  }

  // MARK: Logins

  /// A new login of these groups, connected.
  private func login(in groups: GroupRole...) async throws -> Connection {
    let name = "\(groups[0].rawValue.dropFirst(8))_\(database.name)_\(groups.count)"
    let exists = try await database.sql("SELECT FROM pg_roles WHERE rolname = \(name)").rows.isEmpty == false
    if !exists {
      try await database.script(
        "CREATE ROLE \(name) LOGIN PASSWORD 'x' IN ROLE \(groups.map(\.rawValue).joined(separator: ", "))")
    }
    return try await Connection.connect(
      database.cluster.networkTarget(user: name, password: "x", database: database.name))
  }

  private func names(_ query: SQL) async throws -> [String] {
    try await database.sql(query).rows.compactMap { $0[0] }.sorted()
  }
}

extension JournalFixture {
  /// A journal that is there already.
  init(over connection: Connection) { self.connection = connection }

  /// A run of the caller's that waits for an approval.
  func waiting() async throws -> String {
    try await register(JournalFixture.runnerA)
    let run = try await run("a")
    try await sql(JournalSQL.requireApproval(plan: "01", target: "test", needed: 1))
    return run
  }
}

/// What somebody with a runner's login and patience might try. `:run`: its own run, which waits for an approval.
enum ForbiddenToRunners {
  static let all = [gates, runs, history, ownership, functions]

  static let gates = [
    "UPDATE caisson.gate SET state = 'open'", "UPDATE caisson.gate SET spec = '{\"needed\": 0}'",
    "DELETE FROM caisson.gate", "TRUNCATE caisson.gate CASCADE",
    "INSERT INTO caisson.gate (run_id, gate, kind, spec, bound_hash, state) VALUES (:run, 'release', 'x', '{}', '', 'open')",
    "INSERT INTO caisson.approval (run_id, gate, by_role, actor) VALUES (:run, 'release', 'boss', 'boss')",
    "UPDATE caisson.approval SET by_role = 'boss'", "DELETE FROM caisson.approval", "SELECT FROM caisson.gate FOR UPDATE",
  ]

  static let runs = [
    "UPDATE caisson.run SET started_by = 'boss'", "UPDATE caisson.run SET plan_hash = '\\x02'",
    "UPDATE caisson.run SET variant = 'other'", "DELETE FROM caisson.run",
    "INSERT INTO caisson.run (plan_hash, target, started_by) VALUES ('\\x01', 'test', 'boss')",
    "INSERT INTO caisson.step (run_id, step, ord, kind, spec_hash) VALUES (:run, 'b', 2, 'sql.run', '')",
    "UPDATE caisson.step SET spec_hash = ''", "UPDATE caisson.step SET step = 'b'", "DELETE FROM caisson.step",
    "UPDATE caisson.plan SET resolved = '{}'", "DELETE FROM caisson.plan", "UPDATE caisson.program SET operations = '[]'",
    "DELETE FROM caisson.task", "DELETE FROM caisson.attempt", "UPDATE caisson.meta SET target_name = 'x'",
  ]

  static let history = [
    "UPDATE caisson.event SET data = '{}'", "UPDATE caisson.event SET seq = 1, hash = ''", "DELETE FROM caisson.event",
    "TRUNCATE caisson.event", "INSERT INTO caisson.event (kind, actor, db_user) VALUES ('note', 'x', 'boss')",
    "INSERT INTO caisson.event (run_id, kind, actor) VALUES (:run, 'gate.approved', 'boss')",
    "INSERT INTO caisson.event (run_id, kind, actor) VALUES (:run, 'gate.opened', 'boss')",
    "INSERT INTO caisson.event (run_id, kind, actor) VALUES (:run, 'gate.revoked', 'boss')",
    "INSERT INTO caisson.event (run_id, kind, actor) VALUES (:run, 'run.amended', 'boss')",
    "UPDATE caisson.seal SET seq = 0", "INSERT INTO caisson.anchor VALUES (1, 1, '', '')",
    "UPDATE caisson.evidence SET body = '{}'", "DELETE FROM caisson.evidence",
    "SELECT caisson.prune_run(:run, '0', 'x')",
  ]

  static let ownership = [
    "SET SESSION AUTHORIZATION postgres", "SET ROLE caisson_approver", "GRANT caisson_approver TO CURRENT_USER",
    "ALTER TABLE caisson.gate DISABLE TRIGGER ALL", "ALTER TABLE caisson.run ALTER started_by SET DEFAULT 'boss'",
    "CREATE TRIGGER t BEFORE INSERT ON caisson.gate EXECUTE FUNCTION caisson.event_guard()",
    "CREATE RULE r AS ON UPDATE TO caisson.gate DO INSTEAD NOTHING", "CREATE TABLE caisson.x () INHERITS (caisson.gate)",
    "CREATE TABLE caisson.x (r uuid, g text, FOREIGN KEY (r, g) REFERENCES caisson.gate)",
    "CREATE POLICY p ON caisson.gate", "DROP TABLE caisson.approval", "ALTER TABLE caisson.gate OWNER TO CURRENT_USER",
  ]

  static let functions = [
    "SELECT caisson.judge(:run, 'release', 'window', NULL, NULL, NULL, 'x')",
    "SELECT caisson.judge(:run, 'step:a', 'window', NULL, NULL, NULL, 'x')",
    "SELECT caisson.judge(:run, 'run', 'approval', 'x', NULL, NULL, 'x')",
    "SELECT caisson.approve(:run, 'release', '\\x01', 'x', NULL)",
    "SELECT caisson.revoke_approval(:run, 'release', NULL, 'x', 'x')", "SELECT caisson.adopt('x', 'x', 'x')",
    "SELECT caisson.reattach('x', 'x', 'x')", "SELECT caisson.raise_fence()", "SELECT caisson.pause_live('x', 'x')",
    "SELECT setval('caisson.fence', 1)", "DROP FUNCTION caisson.is_open(uuid, text)",
    "CREATE OR REPLACE FUNCTION caisson.is_open(run uuid, step_name text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "ALTER FUNCTION caisson.approve OWNER TO CURRENT_USER", "ALTER FUNCTION caisson.judge SECURITY INVOKER",
  ]
}
