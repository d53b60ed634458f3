import Glibc

/// An exclusive lock on a file for the life of this value; the kernel frees it when the process dies.
package final class FolderLock: Sendable {
  private let file: CInt

  private init(_ file: CInt) { self.file = file }
  deinit { close(file) }

  /// Now or not at all; the file is made when `makes` says so. `nil`: somebody has it, or there is no such file.
  package static func attempt(_ path: String, makes: Bool = true) -> FolderLock? {
    let file = open(path, O_RDWR | O_CLOEXEC | (makes ? O_CREAT : 0), 0o600)
    guard file >= 0 else { return nil }
    let lock = FolderLock(file)
    return flock(file, LOCK_EX | LOCK_NB) == 0 ? lock : nil
  }

  /// Polls, so that a task waiting for another terminal can be cancelled.
  package static func acquire(_ path: String) async throws -> FolderLock {
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SandboxError("cannot open \(path): \(String(cString: strerror(errno)))") }
    let lock = FolderLock(file)
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw SandboxError("cannot lock \(path): \(String(cString: strerror(errno)))")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    return lock
  }
}
