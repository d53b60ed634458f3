import Engine
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

/// Operations on the console of a test's own PgBouncer, which has a pool for the test's database by name.
struct Pooled {
  let pooler: TestPooler
  let database = TestDatabase.current

  /// `login`: seconds that each login to the server takes.
  static func with(login: Int = 0, _ body: (Pooled) async throws -> Void) async throws {
    let pooler = try await TestPooler.start(
      TestDatabase.current.cluster, databases: [TestDatabase.current.name],
      options: login == 0 ? "" : "connect_query='SELECT pg_sleep(\(login))'")
    do { try await body(Pooled(pooler: pooler)) } catch {
      await pooler.stop()
      throw error
    }
    await pooler.stop()
  }

  func isPaused() async throws -> Bool { try await pooler.isPaused(database.name) }

  /// A client that has been answered.
  func session() async throws -> Connection {
    let client = try await pooler.session(database.name)
    try await client.script("SELECT 1")
    return client
  }

  /// Waits until the pool logs in.
  func login() async throws {
    let isUnderWay = try await eventually {
      try await pooler.admin("SHOW POOLS").contains { $0["database"] == database.name && $0["sv_login"] == "1" }
    }
    try #require(isUnderWay)
  }

  private var console: Secret { Secret([.text(pooler.console)]) }

  /// `nil` console: the pooler's own.
  func admin(
    _ command: String, paused: Bool? = nil, console: Secret? = nil, undo: Undo = .nothing, timeout: TimeSpan = .seconds(20)
  ) -> Operation {
    let probe = paused.map {
      AdminWork.Probe("SHOW DATABASES", row: ["name": database.name], column: "paused", value: $0 ? "1" : "0")
    }
    return .admin(
      id: command, title: command,
      AdminWork(console: console ?? self.console, command: "\(command) \(database.name)", probe: probe, timeout: timeout),
      undo: undo)
  }

  /// Paused as long as it is open.
  func bracket(
    _ body: [Operation], open: [Operation] = [], close: [Operation] = [], console: Secret? = nil,
    deadline: TimeSpan = .seconds(60)
  ) -> Operation {
    .bracket(
      id: "paused", title: "with the pool paused",
      BracketWork(
        open: [admin("PAUSE", paused: true, console: console)] + open, body: body,
        close: close + [admin("RESUME", paused: false, console: console)], deadline: deadline))
  }
}
