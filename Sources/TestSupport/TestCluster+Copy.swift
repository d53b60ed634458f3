import ChildProcess
import PostgresClient
import Sandbox
import SQLText

/// Servers made from another one's data, as backup tools and failovers make them.
extension TestCluster {
  package enum CopyKind: Sendable {
    /// Follows nobody and may be promoted: what reached it is all it has.
    case standby
    /// Recovers to the end of its own log and goes on where that ends.
    case backup
    /// Follows this server, under that name.
    case follower(String)
  }

  /// A copy of the data folder, taken while the server runs, and started.
  package func copy(as kind: CopyKind) async throws -> TestCluster {
    let folder = try TemporaryFolder.make(prefix: "caisson-pg", owner: Account.forServer)
    let copy = LocalCluster(programs: server.programs, folder: folder)
    let watchdog = try Watchdog(copy)
    let taken = try await server.asOwner([
      server.programs.path("pg_basebackup"), "-D", copy.data, "-h", server.socketFolder, "-p", "\(port)",
      "-U", LocalCluster.superuser, "-X", "stream", "-c", "fast", "--no-sync",
    ]).run()
    guard taken.succeeded else { throw SandboxError("pg_basebackup failed: \(taken.errorText)") }
    var settings = TestCluster.settings(Options())
    if case .follower(let name) = kind {
      settings["primary_conninfo"] =
        "host=\(server.socketFolder) port=\(self.port) user=\(LocalCluster.superuser) application_name=\(name)"
      settings["wal_receiver_status_interval"] = "1s"
    }
    if case .backup = kind {} else { try ServerFiles.write("", to: copy.data + "/standby.signal", owner: copy.owner) }
    let port = try LoopbackPort.free()
    try await copy.configure(port: port, settings)
    try await copy.start()
    return TestCluster(copy, port: port, watchdog: watchdog)
  }

  /// Ends recovery: from here on it is a primary with a timeline of its own.
  package func promote() async throws {
    try await sql("SELECT pg_promote()")
    guard try await eventually({ try await sql("SELECT NOT pg_is_in_recovery()").value == "t" }) else {
      throw SandboxError("the standby was not promoted")
    }
  }
}
