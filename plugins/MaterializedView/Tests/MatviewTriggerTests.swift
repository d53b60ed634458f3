@testable import MaterializedView
import PluginAPI
import TestSupport
import Testing

private let tables = """
  CREATE TABLE vehicles (id int PRIMARY KEY, status text);
  CREATE TABLE parts (id int, day date NOT NULL) PARTITION BY RANGE (day);
  CREATE TABLE parts_jan PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE other (id int);
  CREATE VIEW active AS SELECT * FROM vehicles WHERE status = 'active';
  CREATE MATERIALIZED VIEW stats AS SELECT a.status, count(*) AS n, (SELECT count(*) FROM parts) AS p FROM active a GROUP BY 1;
  CREATE UNIQUE INDEX ON stats (status);
  CREATE MATERIALIZED VIEW top AS SELECT max(n) AS n FROM stats;
  CREATE SCHEMA caisson;
  CREATE TABLE caisson.schedule (step text, every interval, retired_at timestamptz);
  """

@Suite("matview.trigger", .database(template: tables))
struct MatviewTriggerTests {
  private let yaml = "{name: stats, min_interval: 1h}"
  private var database: TestDatabase { .current }

  /// The step's operations, run one after the other.
  private func apply(_ yaml: String) async throws {
    let connection = try await database.connect()
    try await DirectRun(connection).run(try await compile(MatviewTrigger.self, yaml).operations)
    await connection.close()
  }

  private func remove(_ name: String) async throws {
    let parameters = try MatviewTrigger.Parameters.read(yaml: "{name: \(name)}", file: "plan.yaml")
    let step = Step(id: "step", parameters: parameters, phase: "remove", carry: .null, role: nil, runTag: "r1_step")
    let program = try await ReadOnlyFacts.with(database) { try await MatviewTrigger.compile(step, $0) }
    let connection = try await database.connect()
    try await DirectRun(connection).run(program.operations)
    await connection.close()
  }

  private func standing(_ view: String = "stats") async throws -> ChangeWatch.Standing {
    try await ReadOnlyFacts.with(database) { try await ChangeWatch.read(QualifiedName("public", view), $0).standing }
  }

  private func marks() async throws -> String {
    try await database.sql("SELECT count(*) FROM caisson.matview_mark").value ?? ""
  }

  /// As if the last refresh were long ago.
  private func wait() async throws {
    try await database.sql("UPDATE caisson.matview SET as_of = as_of - interval '2 hours'")
  }

  @Test("a program: the store, the function, each table by itself, partitions too")
  func snapshot() async throws {
    try Snapshot.expect(ProgramText.of(try await compile(MatviewTrigger.self, yaml)), named: "trigger")
  }

  @Test("each kind of write leaves one mark per transaction, whoever writes, also to a partition by its own name", arguments: [
    "INSERT INTO vehicles VALUES (1, 'active'); INSERT INTO vehicles VALUES (2, 'active'); DELETE FROM vehicles",
    "UPDATE vehicles SET status = 'x'", "TRUNCATE vehicles", "INSERT INTO parts_jan VALUES (1, '2026-01-05')",
    "SET LOCAL session_replication_role = replica; DELETE FROM vehicles",
    "SAVEPOINT s; DELETE FROM vehicles; ROLLBACK TO s; DELETE FROM vehicles; DELETE FROM parts",
    "SET LOCAL ROLE matwork_app; SET LOCAL search_path = pg_temp; CREATE TEMP TABLE matview_mark (view text); "
      + "DELETE FROM public.vehicles",
  ])
  func writes(_ statements: String) async throws {
    _ = try? await database.script("CREATE ROLE matwork_app")
    try await database.script("GRANT SELECT, DELETE ON vehicles TO matwork_app")
    try await apply(yaml)
    #expect(try await marks() == "0")
    try await database.script("BEGIN; \(statements); COMMIT")
    #expect(try await marks() == "1")
    try await database.script("REVOKE ALL ON vehicles FROM matwork_app")
  }

  @Test("a table that the view does not read leaves no mark, nor does a write taken back")
  func noMark() async throws {
    try await apply(yaml)
    try await database.script("INSERT INTO other VALUES (1)")
    try await database.script("BEGIN; DELETE FROM vehicles; ROLLBACK")
    #expect(try await marks() == "0")
  }

  @Test("once per interval, only when marked; a mark of a transaction that commits later is kept for the next refresh")
  func coalesces() async throws {
    try await apply(yaml)
    #expect(try await standing() == .due, "what came before the triggers is not known")
    let writer = try await database.connect()
    _ = try await writer.script("BEGIN; INSERT INTO vehicles VALUES (7, 'active')")
    try await apply(yaml)
    #expect(try await standing() == .unchanged, "the writer has not committed")
    _ = try await writer.query("COMMIT")
    #expect(try await standing() == .early)
    let stale = try await database.sql(
      "SELECT dirty_since = as_of AND marks = 1 FROM caisson.matview_staleness")
    #expect(stale.value == "t")
    #expect(try await compile(MatviewTrigger.self, yaml).operations.isEmpty)
    try await wait()
    #expect(try await standing() == .due)
    try await apply(yaml)
    #expect(try await standing() == .unchanged)
    #expect(try await database.sql("SELECT n FROM stats").value == "1")
    #expect(try await marks() == "0")
    await writer.close()
  }

  @Test("a writer waits neither for a refresh under way nor for another writer, and its mark outlives that refresh")
  func noWaiting() async throws {
    try await apply(yaml)
    try await apply(yaml)
    try await database.script("INSERT INTO vehicles VALUES (1, 'active')")
    try await wait()
    let refresh = try await compile(MatviewTrigger.self, yaml).operations
    guard case .transaction(let work) = try #require(refresh.last).work else { return _ = Issue.record("\(refresh)") }
    let worker = try await database.connect(), other = try await database.connect()
    _ = try await worker.query("BEGIN")
    for statement in work.statements { _ = try await worker.query(statement.sql) }
    _ = try await other.script("BEGIN; INSERT INTO vehicles VALUES (2, 'active')")
    try await database.script("SET lock_timeout = '1ms'; INSERT INTO vehicles VALUES (3, 'active'); RESET lock_timeout")
    _ = try await worker.query("COMMIT")
    _ = try await other.query("COMMIT")
    #expect(try await marks() == "2")
    #expect(try await standing() == .early)
    await worker.close()
    await other.close()
  }

  @Test("a write that commits while a refresh runs is not in its rows, so its mark stays")
  func during() async throws {
    try await database.script(
      """
      CREATE MATERIALIZED VIEW held AS
        SELECT count(v.id) AS n FROM pg_advisory_xact_lock_shared(7) l LEFT JOIN vehicles v ON true;
      CREATE UNIQUE INDEX ON held (n)
      """)
    let yaml = "{name: held, min_interval: 1h}"
    try await apply(yaml)
    let refresh = try await compile(MatviewTrigger.self, yaml).operations
    #expect(refresh.map(\.id) == ["refresh"])
    let holder = try await database.connect(), worker = try await database.connect()
    _ = try await holder.query("SELECT pg_advisory_lock(7)")
    async let refreshing: Void = DirectRun(worker).run(refresh)
    // Other tests wait for locks in databases of their own.
    try await database.until("SELECT cardinality(pg_blocking_pids(\(worker.backendPID))) > 0")
    try await database.script("INSERT INTO vehicles VALUES (1, 'active')")
    _ = try await holder.query("SELECT pg_advisory_unlock(7)")
    try await refreshing
    #expect(try await database.sql("SELECT n FROM held").value == "0")
    #expect(try await marks() == "1")
    #expect(try await standing("held") == .early)
    await holder.close()
    await worker.close()
  }

  @Test("what leaves no marks is not trusted: off, off and on again, dropped, a new partition", arguments: [
    ("ALTER TABLE vehicles DISABLE TRIGGER ALL", 1),
    ("ALTER TABLE vehicles DISABLE TRIGGER ALL; ALTER TABLE vehicles ENABLE ALWAYS TRIGGER \"matview_mark \"\"public\"\".\"\"stats\"\"\"", 0),
    ("DROP TRIGGER \"matview_mark \"\"public\"\".\"\"stats\"\"\" ON vehicles", 1),
    ("CREATE TABLE parts_feb PARTITION OF parts FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')", 1),
    ("ALTER TABLE parts DETACH PARTITION parts_jan", 0),
  ])
  func gaps(_ statements: String, _ missing: Int) async throws {
    try await apply(yaml)
    try await apply(yaml)
    #expect(try await standing() == .unchanged)
    try await database.script(statements)
    try await wait()
    #expect(try await standing() == .due)
    let program = try await compile(MatviewTrigger.self, yaml)
    #expect(program.operations.count == missing + 1, "\(ProgramText.of(program))")
    try await apply(yaml)
    #expect(try await standing() == .unchanged, "mended and refreshed")
  }

  @Test("a renamed table goes on leaving marks; removal finds it, and takes everything along")
  func renamed() async throws {
    let before = try await CatalogText.read()
    try await apply(yaml)
    try await apply("{name: top, min_interval: 1h}")
    try await database.script("ALTER TABLE vehicles RENAME TO cars; DELETE FROM cars")
    #expect(try await marks() == "1")
    #expect(try await compile(MatviewTrigger.self, "{name: stats, min_interval: 1h, refresh: false}").operations.isEmpty)
    try await remove("stats")
    try await database.script("DELETE FROM cars; ALTER TABLE cars RENAME TO vehicles")
    #expect(try await marks() == "0")
    try await remove("top")
    #expect(CatalogText.difference(before, try await CatalogText.read()) == [])
    let left = try await database.sql(
      "SELECT count(*) FROM pg_class c WHERE relnamespace = 'caisson'::regnamespace AND relname LIKE 'matview_%' AND relkind IN ('r', 'v')")
    #expect(left.value == "0")
  }

  @Test("a refresh marks the views on top of it")
  func onTop() async throws {
    try await apply("{name: top, min_interval: 1h}")
    try await apply("{name: top, min_interval: 1h}")
    try await apply(yaml)
    #expect(try await standing("top") == .unchanged)
    try await apply(yaml)
    try await wait()
    #expect(try await standing("top") == .due)
  }

  @Test("what cannot be is refused, what would go unnoticed is said", arguments: [
    ("{name: nothing}", "matview.view", "refusal"), ("{name: vehicles}", "matview.view", "refusal"),
    ("{name: active}", "matview.view", "refusal"), ("{name: stats, tables: [active]}", "matview.tables", "refusal"),
    ("{name: stats, tables: [vehicle]}", "matview.tables", "refusal"),
    ("{name: stats, tables: [vehicles]}", "matview.unmarked", "warning"),
    ("{name: stats, tables: [vehicles, parts, other]}", "matview.unread", "warning"),
  ])
  func findings(_ yaml: String, _ code: String, _ severity: String) async throws {
    let found = try await compile(MatviewTrigger.self, yaml).findings
    #expect(found.map(\.code) == [code] && found.first?.severity.rawValue == severity, "\(found)")
    #expect(found.first?.choices.isEmpty == (code == "matview.unread") && found.first?.range != nil)
  }

  @Test("malformed parameters are shown where they stand", arguments: [
    ("{name: stats, tables: [v, v]}", "1:27", "twice"), ("{name: stats, min_interval: 5}", "1:29", "no unit"),
    ("{min_interval: 5s}", "1:1", "name"), ("{name: a.b.c}", "1:8", "schema.name"),
  ])
  func malformed(_ yaml: String, _ place: String, _ words: String) throws {
    do {
      _ = try MatviewTrigger.Parameters.read(yaml: yaml, file: "plan.yaml")
      Issue.record("let through: \(yaml)")
    } catch {
      let text = error.description
      #expect(text.contains("plan.yaml:\(place)") && text.contains(words) && text.contains("^"), "\(text)")
    }
  }
}
