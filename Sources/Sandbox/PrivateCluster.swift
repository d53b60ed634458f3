import ChildProcess
package import PostgresClient
import SQLText

/// `caisson sandbox`: a private PostgreSQL with a name, kept in a folder of ours until somebody removes it.
package struct PrivateCluster: Sendable {
  package let name: String
  /// Where this one's files are.
  package let folder: String
  private let owner: String?
  private let wantedMajor: Int?

  /// `major`: the target's version, which a sandbox that is to stand for it must have.
  package init(name: String = "default", major: Int? = nil) throws(SandboxError) {
    guard name.wholeMatch(of: #/[A-Za-z0-9][A-Za-z0-9_.-]{0,40}/#) != nil else {
      throw SandboxError("\(name) is no name for a sandbox", hint: "letters, digits, '-', '_' and '.'")
    }
    self.name = name
    owner = Account.forServer
    wantedMajor = major
    folder = try PrivateCluster.home(for: owner) + "/" + name
  }

  /// Makes it if need be, starts it if need be; returns when it takes connections. Safe to call from two terminals.
  @discardableResult
  package func up() async throws -> ConnectionString {
    try ServerFiles.makeFolder(folder, owner: owner)
    let lock = try await FolderLock.acquire(folder + "/lock")
    defer { withExtendedLifetime(lock) {} }
    let cluster = try await self.cluster()
    try await cluster.initialize()
    if cluster.runningPID == nil { try await start(cluster) }
    return try target()
  }

  /// Stops the server; its data stays.
  package func down() async throws {
    guard ServerFiles.exists(folder + "/data/PG_VERSION") else { return }
    let lock = try await FolderLock.acquire(folder + "/lock")
    defer { withExtendedLifetime(lock) {} }
    try await cluster().stop()
  }

  package func isRunning() async -> Bool { (try? await cluster())?.runningPID != nil }

  /// The way in for a program on this machine; through the socket, so without a password.
  package func target(database: String = "postgres") throws -> ConnectionString {
    let cluster = LocalCluster(programs: unneeded, folder: folder, owner: owner)
    guard let port = cluster.configuredPort else { throw notThere }
    return cluster.socketTarget(database: database, port: port)
  }

  /// The way in over loopback TCP, with the password.
  package func networkTarget(database: String = "postgres") throws -> ConnectionString {
    let cluster = LocalCluster(programs: unneeded, folder: folder, owner: owner)
    guard let port = cluster.configuredPort else { throw notThere }
    return cluster.networkTarget(database: database, port: port)
  }

  /// Makes the database unless it is there.
  package func createDatabase(_ database: String) async throws {
    let connection = try await Connection.connect(try target())
    do throws(PostgresError) {
      try await connection.query("CREATE DATABASE \(id: database)")
    } catch {
      // 42P04: it is there; 23505: another session made it at the same moment.
      guard error.sqlState == "42P04" || error.sqlState == "23505" else { throw error }
    }
    await connection.close()
  }

  /// The argument list of an interactive psql; the socket needs no password, so there is none in it.
  package func psqlCommand(database: String = "postgres") async throws -> [String] {
    let own = try await cluster().programs.path("psql")
    return [ServerFiles.exists(own) ? own : "psql", try target(database: database).secret]
  }

  // MARK: Parts

  private var notThere: SandboxError {
    SandboxError("there is no sandbox \(name)", hint: "make it: caisson sandbox up \(name)")
  }

  /// Paths and ports do not depend on the programs.
  private var unneeded: ServerPrograms { ServerPrograms(folder: "", major: 0, version: "") }

  /// An existing cluster needs the programs of its own major version.
  private func cluster() async throws -> LocalCluster {
    let existing = ServerFiles.read(folder + "/data/PG_VERSION").flatMap { Int($0.filter(\.isNumber)) }
    if let existing, let wantedMajor, existing != wantedMajor {
      throw SandboxError(
        "sandbox \(name) is PostgreSQL \(existing), not \(wantedMajor)", hint: "use another name for it: sandbox:NAME")
    }
    let programs = try await ServerPrograms.find(major: existing ?? wantedMajor)
    return LocalCluster(programs: programs, folder: folder, owner: owner)
  }

  /// Keeps the port of last time unless somebody else has it now, also when they took it just before us.
  private func start(_ cluster: LocalCluster) async throws {
    var attempts = 3
    while true {
      let last = cluster.configuredPort.flatMap { LoopbackPort.isFree($0) ? $0 : nil }
      let port = try last ?? LoopbackPort.free()
      try await cluster.configure(port: port)
      do {
        return try await cluster.start()
      } catch {
        attempts -= 1
        guard attempts > 0, !LoopbackPort.isFree(port) else { throw error }
      }
    }
  }

  /// CAISSON_SANDBOX_HOME, or the user's state folder, or for root one that the server's user can reach.
  static func home(for owner: String?) throws(SandboxError) -> String {
    if let chosen = Environment.value("CAISSON_SANDBOX_HOME"), !chosen.isEmpty {
      if let owner, !ServerFiles.isReachable(chosen + "/x/y", by: owner) {
        throw SandboxError(
          "user \(owner), who runs the server for root, cannot get into CAISSON_SANDBOX_HOME",
          hint: "choose a folder whose parents everybody may enter, for example /var/lib/caisson/sandbox")
      }
      return chosen
    }
    let state = Environment.value("XDG_STATE_HOME") ?? Environment.value("HOME").map { $0 + "/.local/state" }
    if let state, state.hasPrefix("/") {
      let usual = state + "/caisson/sandbox"
      if owner.map({ ServerFiles.isReachable(usual + "/x/y", by: $0) }) ?? true { return usual }
    }
    return Account.isRoot ? "/var/lib/caisson/sandbox" : "/tmp/caisson-\(Account.current ?? "user")/sandbox"
  }
}
