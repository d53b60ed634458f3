import ChildProcess
import Glibc
package import PostgresClient
import Sandbox
package import SQLText

/// A PgBouncer in front of a test cluster, in transaction pooling.
package struct TestPooler: Sendable {
  package let port: Int
  /// Holds `pgbouncer.ini`, which RELOAD reads again, and `log`; gone when it is stopped.
  package let folder: String
  package let pid: Int32
  private let server: LocalCluster
  private let watchdog: Watchdog

  private static let program: String? = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]
    .first { access($0, X_OK) == 0 }

  package static var isInstalled: Bool { program != nil }

  /// `databases`: those with a pool by name, which the console can pause; the others come by the wildcard. `options`: more
  /// for each line of a database.
  package static func start(
    _ cluster: TestCluster, settings: [String: String] = [:], databases: [String] = [], options: String = ""
  ) async throws -> TestPooler {
    guard let program else { throw SandboxError("pgbouncer is not installed") }
    let owner = cluster.server.owner
    let folder = try TemporaryFolder.make(prefix: "bouncer", in: cluster.folder, owner: owner)
    let port = try LoopbackPort.free()
    let all = [
      "listen_addr": "127.0.0.1", "listen_port": String(port), "unix_socket_dir": "", "auth_type": "any",
      "pool_mode": "transaction", "admin_users": "postgres",
    ].merging(settings) { $1 }
    let lines = (databases + ["*"]).map {
      "\($0) = user=postgres host=\(cluster.server.socketFolder) port=\(cluster.port) \(options)\n"
    }
    let text = "[databases]\n" + lines.joined() + "[pgbouncer]\n"
      + all.sorted { $0.key < $1.key }.map { "\($0) = \($1)\n" }.joined()
    try ServerFiles.write(text, to: folder + "/pgbouncer.ini", owner: owner)
    return try await start(program, cluster.server, port: port, folder: folder)
  }

  /// With a `pgbouncer.ini` that somebody has written, listening on `port`.
  package static func start(_ cluster: TestCluster, rendered folder: String, port: Int) async throws -> TestPooler {
    guard let program else { throw SandboxError("pgbouncer is not installed") }
    return try await start(program, cluster.server, port: port, folder: folder)
  }

  private static func start(
    _ program: String, _ server: LocalCluster, port: Int, folder: String
  ) async throws -> TestPooler {
    let logged = ServerFiles.read(folder + "/log")?.count ?? 0
    let pid = try server.asOwner([program, folder + "/pgbouncer.ini"]).startDetached(log: folder + "/log")
    let pooler = TestPooler(
      port: port, folder: folder, pid: pid, server: server, watchdog: try Watchdog(ending: pid, named: "pgbouncer"))
    // That somebody listens there does not say that it is this one.
    let said: () -> Substring = { pooler.log.dropFirst(logged) }
    let listens: () -> Bool = { said().contains("listening on 127.0.0.1:\(port)") }
    guard await eventually({ listens() || said().contains("cannot listen on") || pooler.hasEnded }), listens() else {
      let log = said()
      await pooler.stop()
      throw SandboxError("pgbouncer did not start: \(log)")
    }
    return pooler
  }

  private var log: String { ServerFiles.read(folder + "/log") ?? "" }

  /// It stays a zombie: its pid is nobody else's until `end`.
  private var hasEnded: Bool {
    var about = siginfo_t()
    return waitid(P_PID, id_t(pid), &about, WEXITED | WNOHANG | WNOWAIT) != 0 || about.si_signo != 0
  }

  /// A database through the pool.
  package func target(database: String) -> ConnectionString {
    ConnectionString("host=127.0.0.1 port=\(port) user=postgres dbname=\(database) password=irrelevant")
  }

  /// A client of it.
  package func session(_ database: String) async throws -> Connection { try await Connection.connect(target(database: database)) }

  /// The admin console's address, without the name of its database.
  package var console: String { "host=127.0.0.1 port=\(port) user=postgres" }

  /// A command on its console.
  @discardableResult
  package func admin(_ command: String) async throws -> [Row] {
    let console = try await Connection.connect(target(database: "pgbouncer"), ConnectionSettings(adminConsole: true))
    let rows = try await console.script(command).last?.rows ?? []
    await console.close()
    return rows
  }

  /// Whether a pool is paused.
  package func isPaused(_ database: String) async throws -> Bool {
    try await admin("SHOW DATABASES").contains { $0["name"] == database && $0["paused"] == "1" }
  }

  /// Killed with all its connections, and started again on the same port.
  package func restart() async throws -> TestPooler {
    guard let program = Self.program else { throw SandboxError("pgbouncer is not installed") }
    end()
    return try await Self.start(program, server, port: port, folder: folder)
  }

  /// Its folder stays.
  package func end() {
    kill(pid, SIGKILL)
    var status: CInt = 0
    waitpid(pid, &status, 0)
  }

  package func stop() async {
    end()
    try? await TemporaryFolder.remove(folder)
  }
}
