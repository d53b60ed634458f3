@testable import MaterializedView
import JSONText
import PluginAPI
import PostgresClient
import Synchronization
import TestSupport
import Testing

/// A view with a plain view, a second materialized view and a view over both on top, dressed with whatever they can have.
enum Tower {
  static let tables = Fleet.tables + """
    CREATE MATERIALIZED VIEW stats AS SELECT organization_id, count(*) AS total FROM vehicles GROUP BY organization_id;
    CREATE UNIQUE INDEX stats_key ON stats (organization_id); COMMENT ON INDEX stats_key IS 'the key';
    CREATE INDEX stats_by_hand ON stats (total DESC);
    COMMENT ON MATERIALIZED VIEW stats IS 'first'; COMMENT ON COLUMN stats.total IS 'vehicles';
    GRANT SELECT ON stats TO pg_monitor WITH GRANT OPTION; GRANT SELECT (total) ON stats TO pg_read_all_stats;
    ALTER MATERIALIZED VIEW stats SET (fillfactor = 80);
    CREATE VIEW big WITH (security_barrier) AS SELECT s.organization_id, s.total FROM stats s WHERE s.total > 0;
    COMMENT ON VIEW big IS 'on top'; GRANT SELECT ON big TO pg_monitor; ALTER VIEW big OWNER TO pg_database_owner;
    ALTER VIEW big OWNER TO CURRENT_USER;
    CREATE MATERIALIZED VIEW ranks AS SELECT organization_id, total, rank() OVER (ORDER BY total) AS place FROM big;
    CREATE UNIQUE INDEX ranks_key ON ranks (organization_id); COMMENT ON INDEX ranks_key IS 'of ranks';
    CREATE STATISTICS ranks_stats ON organization_id, place FROM ranks; GRANT SELECT ON ranks TO pg_monitor;
    CREATE VIEW "Top" AS SELECT stats.organization_id, r.place FROM stats JOIN ranks r USING (organization_id);
    CREATE FUNCTION total() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT sum(total)::bigint FROM stats; END;
    ANALYZE;
    """
  static let changed: JSON = [
    "name": "stats", "unique_key": ["organization_id"],
    "query": "SELECT v.organization_id, count(*) AS total, sum(v.mileage) AS mileage FROM vehicles v GROUP BY v.organization_id",
    "verify": ["SELECT (SELECT sum(stats.total) FROM stats) = (SELECT count(*) FROM vehicles)"],
  ]
  static let relations = ["stats", "big", "ranks", "\"Top\""]
}

@Suite("a changed definition", .database(template: Tower.tables), .ownTime(.minutes(5)))
struct SwapTests {
  private let patient: [(String, JSON)] = [("max_stall", "1s"), ("retry", ["attempts": 300, "backoff": "20ms..100ms"])]

  private func rows() async throws -> [String?] {
    var all: [String?] = []
    for relation in Tower.relations {
      all.append(try await value("SELECT string_agg(t::text, ',' ORDER BY t::text COLLATE \"C\") FROM \(sql: relation) t"))
    }
    return all
  }

  @Test("is swapped in under readers that never see it missing or empty; rollback gives everything back")
  func underReaders() async throws {
    let before = try await CatalogText.read(), rowsBefore = try await rows()
    let former = try #require(try await value("SELECT pg_get_viewdef('stats')")).split(separator: "\n")
    let readers = Readers()
    readers.start()
    let harness = try creating(Tower.changed, policy: patient)
    try await harness.applied()
    try await Task.sleep(for: .milliseconds(200))
    #expect(try await value("SELECT sum(mileage) = (SELECT sum(mileage) FROM vehicles) FROM stats") == "t")
    #expect(try await value("SELECT total()") == "100")
    let changed = try await CatalogText.read()
    // Versions render the old definition in different ways; its lines alone may go.
    let lost = CatalogText.difference(before, changed).filter { line in
      line.hasPrefix("- ") && !line.hasPrefix("- view stats ") && !former.contains { line.hasSuffix($0) }
    }
    #expect(lost == [])
    try await harness.rolledBack()
    try await Task.sleep(for: .milliseconds(200))
    await readers.stop()
    #expect(readers.wrong == [])
    #expect(readers.count > 100)
    #expect(CatalogText.difference(before, try await CatalogText.read()) == [])
    #expect(try await rows() == rowsBefore)
    #expect(try await value("SELECT total()") == "100")
    #expect(try await value("SELECT count(*) FROM caisson.matview") == "0")
  }

  @Test("what is granted between building and exchange is on the new ones")
  func grantedMeanwhile() async throws {
    let blocker = try await TestDatabase.current.connect()
    _ = try await blocker.query("BEGIN")
    _ = try await blocker.query("SELECT count(*) FROM ranks")
    let harness = try creating(Tower.changed, policy: [("max_stall", "200ms")] + patient.dropFirst())
    async let ending = harness.runner().apply().ending
    #expect(await harness.events.says("max_stall"))
    try await TestDatabase.current.script(
      "GRANT SELECT ON stats, big TO pg_signal_backend; REVOKE ALL ON big FROM pg_monitor; COMMENT ON VIEW big IS NULL")
    _ = try await blocker.query("COMMIT")
    guard case .succeeded = try await ending else { return _ = Issue.record("\(harness.events.text.suffix(1500))") }
    await blocker.close()
    for (relation, role, wanted) in [
      ("stats", "pg_signal_backend", "t"), ("big", "pg_signal_backend", "t"), ("big", "pg_monitor", "f"),
    ] {
      #expect(try await value("SELECT has_table_privilege(\(role), \(relation), 'SELECT')") == wanted, "\(relation) \(role)")
    }
    #expect(try await value("SELECT obj_description('big'::regclass) IS NULL") == "t")
  }

  @Test("an invariant that does not hold leaves the old one where it is, and rollback removes what was built")
  func broken() async throws {
    let before = try await CatalogText.read()
    var spec = try #require(Tower.changed.object)
    spec["verify"] = ["SELECT (SELECT count(*) FROM stats) = 6"]
    let harness = try creating(.object(spec))
    guard case .failed = try await harness.runner().apply().ending else { return _ = Issue.record("it went through") }
    #expect(try await value("SELECT count(*) FROM \"Top\"") == "5")
    try await harness.rolledBack()
    #expect(CatalogText.difference(before, try await CatalogText.read()) == [])
  }

  @Test("what could not be made again is named, before anything is written", arguments: [
    ("CREATE TABLE kept (s stats)", "matview.dependent"),
    ("CREATE FUNCTION several() RETURNS SETOF stats LANGUAGE sql AS 'SELECT * FROM stats'", "matview.dependent"),
    ("CREATE VIEW old AS SELECT gone FROM stats2", "matview.dependent_column"),
    ("CREATE MATERIALIZED VIEW far AS SELECT total() AS t", "matview.dependent"),
  ])
  func refused(made: String, code: String) async throws {
    let isColumn = code == "matview.dependent_column"
    try await TestDatabase.current.script(
      isColumn
        ? "CREATE MATERIALIZED VIEW stats2 AS SELECT id, 1 AS gone FROM vehicles; \(made)" : made)
    var spec = try #require(Tower.changed.object)
    if isColumn { (spec["name"], spec["query"], spec["unique_key"], spec["verify"]) = ("stats2", "SELECT id FROM vehicles", ["id"], []) }
    let before = try await CatalogText.read()
    let program = try await compile(MatviewCreate.self, JSON.object(spec).text)
    #expect(MaterializedViewTests.refused(program) == [code])
    #expect(program.refusals.allSatisfy { !$0.choices.isEmpty })
    #expect(CatalogText.difference(before, try await CatalogText.read()) == [])
  }

  @Test("a relation of another kind under the name is refused")
  func otherKind() async throws {
    let program = try await compile(MatviewCreate.self, "{name: big, query: SELECT 1 AS one}")
    #expect(MaterializedViewTests.refused(program) == ["matview.other_kind"])
  }
}

/// Sessions that read every relation again and again, in either order, and note what is not as it should be.
final class Readers: Sendable {
  private struct State {
    var wrong: Set<String> = []
    var count = 0
    var tasks: [Task<Void, Never>] = []
  }
  private let state = Mutex(State())
  private let stopped = Atomic(false)

  var wrong: Set<String> { state.withLock { $0.wrong } }
  var count: Int { state.withLock { $0.count } }

  func start() {
    let ways: [@Sendable (Connection) async throws -> Void] = [
      { session in for name in Tower.relations { try await self.look(session, "SELECT count(*) FROM \(name)") } },
      { session in for name in Tower.relations { try await self.look(session, "SELECT count(*) FROM \(name)", prepared: true) } },
      { session in
        try await self.look(session, "SELECT count(*) FROM stats JOIN \"Top\" USING (organization_id)")
        try await self.look(session, "SELECT count(*) FROM \"Top\" JOIN stats USING (organization_id)", prepared: true)
      },
      { session in
        _ = try await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
        try await self.look(session, "SELECT count(*) FROM vehicles WHERE id <= 5")
        for name in Tower.relations { try await self.look(session, "SELECT count(*) FROM \(name)") }
        _ = try await session.query("COMMIT")
      },
      { session in try await self.look(session, "SELECT CASE total() WHEN 100 THEN 5 END") },
    ]
    let tasks = ways.map { way in Task { await self.loop(way) } }
    state.withLock { $0.tasks = tasks }
  }

  func stop() async {
    stopped.store(true, ordering: .sequentiallyConsistent)
    for task in state.withLock({ $0.tasks }) { await task.value }
  }

  private func loop(_ way: @Sendable (Connection) async throws -> Void) async {
    guard let session = try? await TestDatabase.current.connect() else { return note("no connection") }
    while !stopped.load(ordering: .sequentiallyConsistent) {
      do {
        try await way(session)
      } catch {
        note("\(error)")
        await session.rollback()
      }
    }
    await session.close()
  }

  /// Everywhere five rows.
  private func look(_ session: Connection, _ query: String, prepared: Bool = false) async throws {
    let sql = SQL(verbatim: query)
    let found = try await prepared ? session.preparedQuery(sql).value : session.query(sql).value
    state.withLock { $0.count += 1 }
    if found != "5" { note("\(query): \(found ?? "nothing")") }
  }

  private func note(_ what: String) { state.withLock { _ = $0.wrong.insert(what) } }
}
