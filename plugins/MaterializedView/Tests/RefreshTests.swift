@testable import MaterializedView
import JSONText
import PluginAPI
import TestSupport
import Testing

private let tables = Fleet.tables + """
  CREATE MATERIALIZED VIEW zero AS SELECT id, mileage FROM vehicles WITH NO DATA;
  CREATE UNIQUE INDEX zero_key ON zero (id);
  CREATE VIEW between AS SELECT id, mileage FROM zero;
  CREATE MATERIALIZED VIEW above AS SELECT count(*) AS n, sum(mileage) AS m FROM between WITH NO DATA;
  REFRESH MATERIALIZED VIEW zero; REFRESH MATERIALIZED VIEW above;
  CREATE MATERIALIZED VIEW bad AS SELECT id, 100 / (mileage - 10 + 1)::int AS q FROM vehicles;
  CREATE UNIQUE INDEX bad_key ON bad (id);
  """

@Suite("matview.refresh", .database(template: tables), .ownTime(.minutes(5)))
struct RefreshTests {
  private let all: JSON = ["all": true]

  private func refresh(_ with: JSON) throws -> EngineHarness { try harness([("r", "matview.refresh", with)]) }

  @Test("what is read comes first, through plain views too, and everything is recorded")
  func order() async throws {
    try await TestDatabase.current.script("UPDATE vehicles SET mileage = 7 WHERE id > 1")
    try await refresh(["names": ["above", "zero"]]).applied()
    #expect(try await value("SELECT m FROM above") == "703")
    let record: SQL = """
      SELECT string_agg(view || ' ' || rows || ' ' || refreshes || ' ' || (duration_ms >= 0), ', ' ORDER BY refreshed_at)
      FROM caisson.matview
      """
    #expect(try await value(record) == "\"public\".\"zero\" 100 1 true, \"public\".\"above\" 1 1 true")
  }

  @Test("one view's failure is recorded and does not stop the others; the step ends with its error")
  func failure() async throws {
    try await TestDatabase.current.script("UPDATE vehicles SET mileage = 9 WHERE id = 5")
    let harness = try refresh(all)
    let failure = try await harness.runner().apply().ending
    guard case .failed = failure else { return _ = Issue.record("\(harness.events.text)") }
    #expect(try await value("SELECT failure FROM caisson.matview WHERE view = '\"public\".\"bad\"'") == "22012")
    #expect(try await value("SELECT mileage FROM zero WHERE id = 5") == "9")
    #expect(try await value("SELECT count(*) FROM bad") == "100")
    #expect("\(failure)".contains("division by zero"))
    try await TestDatabase.current.script("UPDATE vehicles SET mileage = 8 WHERE id = 5")
    let ending = try await harness.runner().resume().ending
    guard case .succeeded = ending else { return _ = Issue.record("\(ending)") }
    #expect(try await value("SELECT count(*) FROM caisson.matview WHERE failure IS NOT NULL") == "0")
  }

  @Test("rows are computed with jit as the database has it: when the view is made, refreshed and built anew")
  func compilation() async throws {
    try await TestDatabase.current.script(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jit = on', current_database()); END $$")
    func made(_ more: String) throws -> EngineHarness {
      let query = "SELECT id, current_setting('jit') AS jit\(more) FROM vehicles"
      return try creating([
        "name": "compiled", "query": .string(query), "unique_key": ["id"], "refresh": ["min_interval": "0s"],
      ])
    }
    let found: SQL = "SELECT string_agg(DISTINCT jit, ' ') || ' ' || max(mileage) FROM compiled"
    try await made(", mileage").applied()
    #expect(try await value(found) == "on 1000")
    try await TestDatabase.current.script("UPDATE vehicles SET mileage = 7770 WHERE id = 1")
    try await refresh(["names": ["compiled"]]).applied()
    #expect(try await value(found) == "on 7770")
    try await made(", mileage + 1 AS mileage").applied()
    #expect(try await value(found) == "on 7771")
  }

  @Test("a broken invariant takes the refresh back: readers keep the rows they had", arguments: ["concurrently", "full"])
  func invariant(mode: String) async throws {
    try await TestDatabase.current.sql("INSERT INTO vehicles VALUES (500, 1, 'x', 1)")
    let made = try creating([
      "name": "kept", "query": "SELECT id, mileage FROM vehicles", "unique_key": ["id"],
      "refresh": ["mode": .string(mode), "min_interval": "0s"], "verify": ["SELECT NOT EXISTS (SELECT FROM kept WHERE mileage < 0)"],
    ])
    try await made.applied()
    try await TestDatabase.current.script("UPDATE vehicles SET mileage = -1 WHERE id = 500")
    let harness = try refresh(["names": ["kept"]])
    guard case .failed = try await harness.runner().apply().ending else { return _ = Issue.record("it went through") }
    #expect(harness.events.text.contains("invariant 1 of public.kept does not hold"))
    #expect(try await value("SELECT mileage FROM kept WHERE id = 500") == "1")
    #expect(try await value("SELECT failure FROM caisson.matview WHERE view = '\"public\".\"kept\"'") == "23514")
  }

  @Test("too soon after the last refresh nothing is done, and said why")
  func early() async throws {
    try await creating([
      "name": "kept", "query": "SELECT id FROM vehicles", "unique_key": ["id"], "refresh": ["min_interval": "1h"],
    ]).applied()
    let program = try await compile(MatviewRefresh.self, "{names: [kept]}")
    #expect(program.operations.isEmpty && said(program) == ["matview.not_due"])
    try await TestDatabase.current.script("UPDATE caisson.matview SET as_of = as_of - interval '2 hours'")
    #expect(!(try await compile(MatviewRefresh.self, "{names: [kept]}")).operations.isEmpty)
  }

  @Test("an interval and a cron time are waited for", arguments: [
    ("1h", "59 minutes", false), ("1h", "61 minutes", true), ("0 0 1 1 *", "1 minute", false), ("* * * * *", "2 minutes", true),
    ("@monthly", "40 days", true),
  ])
  func rhythm(every: String, age: String, isDue: Bool) async throws {
    try await creating([
      "name": "kept", "query": "SELECT id FROM vehicles", "unique_key": ["id"],
      "refresh": ["every": .string(every), "min_interval": "0s"],
    ]).applied()
    try await TestDatabase.current.sql("UPDATE caisson.matview SET as_of = now() - \(age)::interval")
    let program = try await compile(MatviewRefresh.self, "{names: [kept]}")
    #expect(program.operations.isEmpty != isDue)
  }

  @Test("a view that is only refreshed when changed waits for a mark, or for what it reads")
  func marks() async throws {
    let spec: (String, String) -> JSON = { name, query in
      ["name": .string(name), "query": .string(query), "unique_key": ["id"],
       "refresh": ["min_interval": "0s", "only_if_changed": true]]
    }
    try await harness([
      ("a", "matview.create", spec("low", "SELECT id FROM vehicles")),
    ]).applied()
    try await harness([("b", "matview.create", spec("high", "SELECT id FROM low"))]).applied()
    try await refresh(["names": ["zero"]]).applied()
    let blind = try await compile(MatviewRefresh.self, "{names: [low]}")
    #expect(!blind.operations.isEmpty && said(blind) == ["matview.unwatched"])
    try await harness([("t", "matview.trigger", ["name": "low"]), ("u", "matview.trigger", ["name": "high"])]).applied()
    let unknown = try await compile(MatviewRefresh.self, "{names: [low, high]}")
    #expect(!unknown.operations.isEmpty, "what changed before the triggers came is not known")
    try await refresh(["names": ["low", "high"]]).applied()
    let idle = try await compile(MatviewRefresh.self, "{names: [low, high]}")
    #expect(idle.operations.isEmpty && said(idle) == ["matview.unchanged", "matview.unchanged"])
    try await TestDatabase.current.sql("UPDATE vehicles SET status = status")
    let due = try await compile(MatviewRefresh.self, "{names: [low, high]}")
    #expect(due.operations.map(\.id).prefix(2) == ["refresh-public.low", "refresh-public.high"])
    try await refresh(["names": ["low", "high"]]).applied(again: true)
    #expect(try await value("SELECT count(*) FROM caisson.matview_mark") == "0")
  }

  @Test("a view that was never filled is filled; one without a key is refreshed in full and says so")
  func modes() async throws {
    try await TestDatabase.current.script("REFRESH MATERIALIZED VIEW zero WITH NO DATA")
    let program = try await compile(MatviewRefresh.self, "{all: true}")
    let titles = program.operations.map(\.title)
    #expect(titles.contains("refresh public.zero in full") && titles.contains("refresh public.bad concurrently"))
    #expect(program.findings.filter { $0.code == "matview.full" }.map { $0.message.contains("public.above") } == [true])
    let locks = program.operations.flatMap(\.locks).map(\.relation.name)
    #expect(Set(locks) == ["above"])
  }

  @Test("a refresh that takes longer than its limit is given up, and the next view has its turn")
  func timeout() async throws {
    try await TestDatabase.current.script(
      "CREATE MATERIALIZED VIEW slow AS SELECT 1 AS id, pg_sleep(20)::text AS s WITH NO DATA; CREATE UNIQUE INDEX ON slow (id)")
    try await refresh(["names": ["above"]]).applied()
    try await TestDatabase.current.script(
      "INSERT INTO caisson.matview (view, timeout_ms) VALUES ('\"public\".\"slow\"', 300)")
    let harness = try refresh(["names": ["slow", "zero"]])
    guard case .failed = try await harness.runner().apply().ending else { return _ = Issue.record("it went through") }
    #expect(try await value("SELECT failure FROM caisson.matview WHERE view = '\"public\".\"slow\"'") == "57014")
    #expect(try await value("SELECT refreshes FROM caisson.matview WHERE view = '\"public\".\"zero\"'") == "1")
  }

  @Test("names that are no materialized view are refused")
  func absent() async throws {
    let program = try await compile(MatviewRefresh.self, "{names: [zeros, between]}")
    #expect(refused(program) == ["matview.absent", "matview.absent"])
    #expect(program.refusals[0].choices.contains { $0.contains("zero") })
  }
}
