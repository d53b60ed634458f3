package import PostgresClient
import Sandbox
package import SQLText
import Synchronization

/// A fresh database of one test.
package struct TestDatabase: Sendable {
  @TaskLocal private static var scoped: TestDatabase?

  /// The database of the running test, which needs the `.database` trait.
  package static var current: TestDatabase {
    guard let scoped else { preconditionFailure("this test lacks the .database trait") }
    return scoped
  }

  package let name: String
  package let cluster: TestCluster
  private let pool: ConnectionPool

  private static let counter = Atomic<Int>(0)

  /// Makes a database that starts as `template` left it, lends it to `body`, drops it.
  package static func with<Value>(
    template: String = "", _ body: (TestDatabase) async throws -> Value
  ) async throws -> Value {
    let database = try await make(template: template)
    do {
      let value = try await body(database)
      await database.drop()
      return value
    } catch {
      await database.drop()
      throw error
    }
  }

  static func scope(template: String, first: Bool, _ body: () async throws -> Void) async throws {
    // A suite's trait and its test's nest: who is in already must not wait for a second place.
    guard scoped == nil else {
      return try await with(template: template) { database in
        try await $scoped.withValue(database) { try await body() }
      }
    }
    await Turnstile.databases.enter(first: first)
    do {
      try await with(template: template) { database in
        try await $scoped.withValue(database) { try await body() }
      }
    } catch {
      await Turnstile.databases.leave()
      throw error
    }
    await Turnstile.databases.leave()
  }

  private static func make(template: String) async throws -> TestDatabase {
    let cluster = try await TestCluster.shared
    let base = try await DatabaseTemplates.shared.name(for: template, cluster)
    let name = "test_\(counter.add(1, ordering: .relaxed).newValue)"
    _ = try await cluster.keeper.withConnection {
      try await $0.query("CREATE DATABASE \(id: name) TEMPLATE \(id: base) STRATEGY file_copy")
    }
    let pool = ConnectionPool(cluster.target(database: name), limit: 4)
    return TestDatabase(name: name, cluster: cluster, pool: pool)
  }

  private func drop() async {
    await pool.close()
    _ = try? await cluster.keeper.withConnection {
      try await $0.query("DROP DATABASE IF EXISTS \(id: name) WITH (FORCE)")
    }
  }

  /// As the superuser through the socket.
  package var target: ConnectionString { cluster.target(database: name) }
  /// The same as text, for a command line or a plan.
  package var url: String { target.secret }
  package var networkTarget: ConnectionString { cluster.networkTarget(database: name) }

  package func connect(_ settings: ConnectionSettings = ConnectionSettings()) async throws -> Connection {
    try await Connection.connect(target, settings)
  }

  /// One statement on one of the database's own connections.
  @discardableResult
  package func sql(_ sql: SQL) async throws -> QueryResult {
    try await withConnection { try await $0.query(sql) }
  }

  /// One of the database's own connections, for work that leaves its session as it was. It knows the catalog already: a
  /// new one's first statements cost several times as much.
  package func withConnection<Value: Sendable>(
    _ body: @Sendable (Connection) async throws -> Value
  ) async throws -> Value {
    try await pool.withConnection { try await body($0) }
  }

  /// Several statements separated by semicolons.
  package func script(_ text: String) async throws {
    _ = try await pool.withConnection { try await $0.script(text) }
  }

  // MARK: Log

  /// From now on new sessions of this database log every statement.
  package func logStatements() async throws {
    try await cluster.sql("ALTER DATABASE \(id: name) SET log_statement = 'all'")
  }

  /// The statements logged for this database so far.
  package func loggedStatements() -> [String] { cluster.log.statements(database: name) }
}

/// Databases that tests are copied from, one per template script.
private actor DatabaseTemplates {
  static let shared = DatabaseTemplates()
  private var made: [String: Task<String, any Error>] = [:]

  func name(for script: String, _ cluster: TestCluster) async throws -> String {
    if let task = made[script] { return try await task.value }
    let name = "template_\(made.count + 1)"
    let task = Task {
      try await cluster.sql("CREATE DATABASE \(id: name) TEMPLATE template0")
      // The first connection leaves a file behind with what every later one has to know; copies have it too.
      let connection = try await cluster.connect(database: name)
      if !script.isEmpty { try await connection.script(script) }
      await connection.close()
      // Nobody may be connected to it when it is copied.
      try await cluster.sql("ALTER DATABASE \(id: name) WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
      return name
    }
    made[script] = task
    return try await task.value
  }
}
