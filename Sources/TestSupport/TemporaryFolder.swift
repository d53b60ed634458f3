import ChildProcess
import Glibc
import Sandbox

/// Folders for tests, on a path that other users can get through.
package enum TemporaryFolder {
  static var base: String {
    let wanted = Environment.value("TMPDIR") ?? "/tmp"
    guard let user = Account.forServer, !ServerFiles.isReachable(wanted + "/x/y", by: user) else { return wanted }
    return "/tmp"
  }

  /// For what need not outlive the machine: memory, where there is plenty of it. A database is made there in a sixth of
  /// the time it takes on ext4 (62 against 381 ms while both cores are busy).
  static var fast: String {
    let memory = "/dev/shm"
    var about = statvfs()
    guard statvfs(memory, &about) == 0, about.f_bavail * about.f_frsize >= 6 << 30 else { return base }
    return memory
  }

  /// A new folder; the caller removes it, or uses `with`, or puts it into one that somebody else removes.
  package static func make(
    prefix: String = "caisson-test", in place: String? = nil, owner: String? = nil
  ) throws -> String {
    var path = Array("\(place ?? base)/\(prefix)-XXXXXX".utf8CString)
    guard mkdtemp(&path) != nil else { throw SandboxError("mkdtemp failed: \(String(cString: strerror(errno)))") }
    let name = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if let owner { try ServerFiles.makeFolder(name, owner: owner) } else { chmod(name, 0o755) }
    return name
  }

  /// A folder that is gone when `body` has ended. `servers`: for their data, which need not outlive the machine.
  package static func with<Value>(
    servers: Bool = false, _ body: (String) async throws -> Value
  ) async throws -> Value {
    let path = try make(in: servers ? fast : nil)
    do {
      let value = try await body(path)
      try await remove(path)
      return value
    } catch {
      try? await remove(path)
      throw error
    }
  }

  package static func remove(_ path: String) async throws { _ = try await Command(["rm", "-rf", "--", path]).run() }
}
