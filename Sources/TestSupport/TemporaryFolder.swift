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

  /// A new folder; the caller removes it, or uses `with`.
  package static func make(prefix: String = "caisson-test", owner: String? = nil) throws -> String {
    var path = Array("\(base)/\(prefix)-XXXXXX".utf8CString)
    guard mkdtemp(&path) != nil else { throw SandboxError("mkdtemp failed: \(String(cString: strerror(errno)))") }
    let name = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if let owner { try ServerFiles.makeFolder(name, owner: owner) } else { chmod(name, 0o755) }
    return name
  }

  /// A folder that is gone when `body` has ended.
  package static func with<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let path = try make()
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
