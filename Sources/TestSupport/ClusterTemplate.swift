import ChildProcess
import Glibc
import Sandbox

/// The result of initdb, kept between test runs: copying it takes a fraction of the time.
enum ClusterTemplate {
  static func copy(to server: LocalCluster) async throws {
    let user = server.owner ?? Account.current ?? "user"
    let place = TemporaryFolder.base + "/caisson-initdb-\(user)-\(server.programs.version)-1"
    let template = LocalCluster(programs: server.programs, folder: place, owner: server.owner)
    try ServerFiles.makeFolder(place, owner: server.owner)
    let lock = try await FolderLock.acquire(place + "/lock")
    try await template.initialize(options: ["--no-sync"])
    withExtendedLifetime(lock) {}
    let output = try await server.asOwner(["cp", "-a", "--", template.data, template.passwordFile, server.folder]).run()
    guard output.succeeded else { throw SandboxError("copying the cluster failed: \(output.errorText)") }
  }
}
