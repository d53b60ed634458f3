import ChildProcess
import Glibc
package import PostgresClient

/// A private cluster for one piece of work of one process: made anew, removed when that is done.
///
/// A lock beside its folder is held for as long as the process lives; the kernel frees it when the process dies, however
/// that happens. So whoever can take the lock has proof, and removes what was left.
package struct ScratchCluster: Sendable {
  package let name: String
  package let cluster: LocalCluster
  package let port: Int
  private let lock: FolderLock

  /// Where its files are; others may be put there too, and go with it.
  package var folder: String { cluster.folder }
  package var programs: ServerPrograms { cluster.programs }
  /// For the environment of programs that work on it: those of a dead process are ended with the rest.
  package var marks: [String: String] { cluster.marks }

  private static let marker = "CAISSON_SCRATCH"

  /// Makes and starts it. What it holds need not survive a power cut, so nothing is flushed.
  package static func make(
    _ prefix: String, programs: ServerPrograms, settings: [String: String] = [:]
  ) async throws -> ScratchCluster {
    let owner = Account.forServer, home = try PrivateCluster.home(for: owner)
    let name = "\(prefix)-\(getpid())-\(UInt32.random(in: .min ... .max))", folder = "\(home)/\(name)"
    if !ServerFiles.exists(home) { try ServerFiles.makeFolder(home, mode: 0o755, owner: nil) }
    guard let lock = FolderLock.attempt(folder + ".lock") else { throw SandboxError("cannot lock \(folder).lock") }
    var cluster = LocalCluster(programs: programs, folder: folder, owner: owner)
    cluster.marks = [marker: name]
    do {
      try await cluster.initialize(options: ["--no-sync"])
      return ScratchCluster(name: name, cluster: cluster, port: try await started(cluster, settings), lock: lock)
    } catch {
      await remove(cluster)
      throw error
    }
  }

  private static func started(_ cluster: LocalCluster, _ settings: [String: String]) async throws -> Int {
    let unsafe = ["fsync": "off", "full_page_writes": "off"]
    for attempt in 1... {
      let port = try LoopbackPort.free()
      try await cluster.configure(port: port, unsafe.merging(settings) { $1 })
      do {
        try await cluster.start()
        return port
      } catch {
        guard attempt < 3, !LoopbackPort.isFree(port) else { throw error }
      }
    }
    throw SandboxError("no free port on 127.0.0.1")
  }

  /// Stops and removes it, also in a task that was cancelled.
  package func discard() async { await Self.remove(cluster) }

  /// It stays, as any other sandbox does.
  package func keep() { unlink(folder + ".lock") }

  /// A way in through the socket.
  package func target(database: String, user: String = LocalCluster.superuser) -> ConnectionString {
    cluster.socketTarget(database: database, port: port, user: user)
  }

  /// Removes what dead processes left of clusters of this prefix. Returns their names.
  @discardableResult
  package static func sweep(_ prefix: String) async -> [String] {
    guard let home = try? PrivateCluster.home(for: Account.forServer), let entries = opendir(home) else { return [] }
    var names: [String] = []
    while let entry = readdir(entries) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasPrefix(prefix + "-"), name.hasSuffix(".lock") { names.append(String(name.dropLast(5))) }
    }
    closedir(entries)
    var removed: [String] = []
    for name in names {
      guard let lock = FolderLock.attempt("\(home)/\(name).lock", makes: false) else { continue }
      // No server is started by this value: its version does not matter.
      let none = ServerPrograms(folder: "", major: 0, version: "")
      var cluster = LocalCluster(programs: none, folder: "\(home)/\(name)", owner: Account.forServer)
      cluster.marks = [marker: name]
      await remove(cluster)
      withExtendedLifetime(lock) {}
      removed.append(name)
    }
    return removed
  }

  private static func remove(_ cluster: LocalCluster) async {
    await Task.detached {
      // SIGQUIT: the immediate shutdown, nothing of it is wanted any more.
      if let pid = cluster.runningPID { kill(pid, SIGQUIT) }
      for _ in 0..<200 where cluster.runningPID != nil { try? await Task.sleep(for: .milliseconds(25)) }
      for (variable, value) in cluster.marks { _ = await Orphans(variable, value).end() }
      _ = try? await Command(["rm", "-rf", "--", cluster.folder], timeout: .seconds(120)).run()
      if cluster.socketFolder.hasPrefix("/tmp/caisson-") {
        _ = try? await Command(["rm", "-rf", "--", cluster.socketFolder], timeout: .seconds(30)).run()
      }
      unlink(cluster.folder + ".lock")
    }.value
  }
}
