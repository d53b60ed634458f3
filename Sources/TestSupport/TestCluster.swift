import ChildProcess
import Glibc
package import PostgresClient
package import Sandbox
package import SQLText
import Synchronization

/// A throw-away server of this test process; a watchdog removes it however the process ends.
package final class TestCluster: Sendable {
  package struct Options: Sendable {
    /// Added to the configuration, for example `["max_connections": "20"]`.
    package var settings: [String: String]
    /// Off makes tests fast; a crash test of the server itself needs it on.
    package var fsync: Bool
    package var major: Int?

    package init(settings: [String: String] = [:], fsync: Bool = false, major: Int? = nil) {
      self.settings = settings
      self.fsync = fsync
      self.major = major
    }
  }

  package let server: LocalCluster
  package let port: Int
  private let watchdog: Watchdog
  /// For making and dropping databases.
  let keeper: ConnectionPool

  init(_ server: LocalCluster, port: Int, watchdog: Watchdog) {
    self.server = server
    self.port = port
    self.watchdog = watchdog
    keeper = ConnectionPool(server.socketTarget(database: "postgres", port: port), limit: 4)
  }

  // MARK: Shared

  private static let starting = Mutex<Task<TestCluster, any Error>?>(nil)

  /// The one cluster of this process, started by the first test that asks.
  package static var shared: TestCluster {
    get async throws {
      let task = starting.withLock { started in
        if let started { return started }
        let task = Task { try await TestCluster.start(Options()) }
        started = task
        return task
      }
      return try await task.value
    }
  }

  /// Another cluster, for tests that crash it or need settings of their own.
  package static func start(_ options: Options = Options()) async throws -> TestCluster {
    let programs = try await ServerPrograms.find(major: options.major)
    let place = options.fsync ? TemporaryFolder.base : TemporaryFolder.fast
    let folder = try TemporaryFolder.make(prefix: "caisson-pg", in: place, owner: Account.forServer)
    let server = LocalCluster(programs: programs, folder: folder)
    let watchdog = try Watchdog(server)
    try await ClusterTemplate.copy(to: server)
    for attempt in 1... {
      let port = try LoopbackPort.free()
      try await server.configure(port: port, settings(options))
      do {
        try await server.start()
        return TestCluster(server, port: port, watchdog: watchdog)
      } catch {
        guard attempt < 3, !LoopbackPort.isFree(port) else { throw error }
      }
    }
    throw SandboxError("unreachable")
  }

  static func settings(_ options: Options) -> [String: String] {
    var all = [
      "max_connections": "200", "shared_buffers": "128MB", "log_line_prefix": "@@ %d @ %p @ ", "log_checkpoints": "off",
      "max_prepared_transactions": "20", "wal_level": "logical", "track_functions": "all", "autovacuum_naptime": "10min", "jit": "off",
    ]
    if !options.fsync { all.merge(["fsync": "off", "full_page_writes": "off", "synchronous_commit": "on"]) { $1 } }
    return all.merging(options.settings) { $1 }
  }

  // MARK: Use

  package var folder: String { server.folder }
  /// The superuser's, over TCP.
  package var password: String { server.password ?? "" }

  /// Turns TLS on with a certificate signed by itself; false where that cannot be had.
  package func enableTLS() async throws -> Bool {
    let made = try await server.asOwner([
      "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
      "-keyout", server.data + "/server.key", "-out", server.data + "/server.crt",
    ]).run()
    guard made.succeeded else { return false }
    // A server built without TLS does not know what to do with it.
    guard (try? await sql("ALTER SYSTEM SET ssl = on")) != nil else { return false }
    try await sql("SELECT pg_reload_conf()")
    return try await sql("SHOW ssl").value == "on"
  }

  /// As the superuser through the socket.
  package func target(database: String = "postgres") -> ConnectionString {
    server.socketTarget(database: database, port: port)
  }

  /// As the superuser over loopback TCP with the password: poolers and TLS need it.
  package func networkTarget(database: String = "postgres") -> ConnectionString {
    server.networkTarget(database: database, port: port)
  }

  /// Over TCP as another role; the database server asks for its password.
  package func networkTarget(user: String, password: String, database: String) -> ConnectionString {
    ConnectionString("host=127.0.0.1 port=\(port) user='\(user)' password='\(password)' dbname='\(database)'")
  }

  package func connect(database: String = "postgres") async throws -> Connection {
    try await Connection.connect(target(database: database))
  }

  /// One statement on a connection of its own.
  @discardableResult
  package func sql(_ sql: SQL, database: String = "postgres") async throws -> QueryResult {
    let connection = try await connect(database: database)
    let result = try await connection.query(sql)
    await connection.close()
    return result
  }

  /// What a machine's sudden death looks like to clients: no checkpoint, recovery at the next start.
  package func crash() async throws { try await server.stop(.immediate) }
  package func start() async throws { try await server.start() }
  package func stop() async throws { try await server.stop(.fast) }
  package var isRunning: Bool { server.runningPID != nil }
  package var log: ServerLog { ServerLog(path: server.log) }
}
