import JSONText
import PostgresClient
import SQLText
import Synchronization
import TestSupport
import Testing

@testable import PartitionSwap

private let database = """
  CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, v int, note text);
  INSERT INTO orders (at, v) SELECT '2025-01-01'::timestamptz + i * interval '1 hour', i FROM generate_series(1, 4000) i;
  CREATE VIEW recent AS SELECT id, v FROM orders WHERE at > '2025-02-01';
  CREATE FUNCTION bump(which bigint) RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE orders SET v = v + 1 WHERE id = which; END';
  ANALYZE;
  """

@Suite("an application with prepared statements", .database(template: database), .ownTime(.minutes(5)))
struct ApplicationTests {
  private func trial() throws -> SwapTrial {
    try SwapTrial(
      QualifiedName("public", "orders"), [("by", "at"), ("premake", 0), ("default_partition", "create"), ("chunk", "20ms")],
      policy: [("max_stall", "2s"), ("retry", ["attempts": 200, "backoff": "20ms..100ms"])])
  }

  @Test("statements that the server has prepared go on, through the swap and the way back, and no write is lost")
  func direct() async throws {
    let application = Application { try await TestDatabase.current.connect() }
    application.start([.prepared, .prepared, .preparedRepeatableRead])
    try await around(application)
    // REPEATABLE READ may meet a row that has changed since.
    #expect(application.outcomes.subtracting(["ok", "40001"]) == [])
    try await expectComplete(application)
  }

  @Test("through a transaction pool", .enabled(if: TestPooler.isInstalled, "needs pgbouncer"))
  func pooled() async throws {
    let pooler = try await TestPooler.start(TestDatabase.current.cluster)
    let name = TestDatabase.current.name
    let application = Application { try await pooler.session(name) }
    application.start([.plain, .plain, .plain])
    try await around(application)
    #expect(application.outcomes == ["ok"])
    try await expectComplete(application)
    await pooler.stop()
  }

  private func around(_ application: Application) async throws {
    let trial = try trial()
    do {
      try await trial.apply()
      #expect(try await value("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass") == "p")
      try await Task.sleep(for: .milliseconds(200))
      try await trial.rollBack()
      try await Task.sleep(for: .milliseconds(200))
    } catch {
      await application.stop()
      throw error
    }
    await application.stop()
  }

  private func expectComplete(_ application: Application) async throws {
    #expect(try await value("SELECT sum(v) - 4000 * 4001 / 2 FROM orders WHERE id <= 4000") == String(application.bumps))
    #expect(try await value("SELECT count(*) FROM orders WHERE note = 'new'") == String(application.inserts))
  }
}

/// Clients that count what they have done.
final class Application: Sendable {
  enum Way: Sendable { case plain, prepared, preparedRepeatableRead }
  private struct State {
    var outcomes: Set<String> = []
    var bumps = 0, inserts = 0
    var clients: [Task<Void, Never>] = []
  }
  private let state = Mutex(State())
  private let stopped = Atomic(false)
  private let connect: @Sendable () async throws -> Connection

  init(_ connect: @escaping @Sendable () async throws -> Connection) { self.connect = connect }

  /// `ok`, and the SQLSTATE of whatever failed.
  var outcomes: Set<String> { state.withLock { $0.outcomes } }
  var bumps: Int { state.withLock { $0.bumps } }
  var inserts: Int { state.withLock { $0.inserts } }

  func start(_ ways: [Way]) {
    let clients = ways.enumerated().map { number, way in
      Task { [self] in
        do {
          let session = try await connect()
          await work(session, way, number)
          await session.close()
        } catch { note("\(error)") }
      }
    }
    state.withLock { $0.clients = clients }
  }

  func stop() async {
    stopped.store(true, ordering: .relaxed)
    for client in state.withLock({ $0.clients }) { await client.value }
  }

  private func note(_ outcome: String, bumps: Int = 0, inserts: Int = 0) {
    state.withLock {
      $0.outcomes.insert(outcome)
      $0.bumps += bumps
      $0.inserts += inserts
    }
  }

  private func work(_ session: Connection, _ way: Way, _ number: Int) async {
    var random = SplitMix(state: UInt64(number + 1))
    while !stopped.load(ordering: .relaxed) {
      do throws(PostgresError) {
        let id = Int64(1 + random.below(4000))
        if way == .preparedRepeatableRead {
          _ = try await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
          _ = try await run("UPDATE orders SET v = v + 1 WHERE id = \(id)", session, way)
          _ = try await session.query("COMMIT")
          note("ok", bumps: 1)
          continue
        }
        _ = try await run("UPDATE orders SET v = v + 1 WHERE id = \(id)", session, way)
        note("ok", bumps: 1)
        _ = try await run("SELECT bump(\(id))", session, way)
        note("ok", bumps: 1)
        _ = try await run("UPDATE recent SET v = v + 0 WHERE id = \(id)", session, way)
        _ = try await run("SELECT id, at, v, note FROM orders WHERE id = \(id)", session, way)
        _ = try await run("INSERT INTO orders (at, v, note) VALUES ('2025-03-03', 0, 'new')", session, way)
        note("ok", inserts: 1)
      } catch {
        note(error.sqlState ?? "\(error)")
        await session.rollback()
      }
    }
  }

  private func run(_ sql: SQL, _ session: Connection, _ way: Way) async throws(PostgresError) -> QueryResult {
    way == .plain ? try await session.query(sql) : try await session.preparedQuery(sql)
  }
}
