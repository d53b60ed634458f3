import ChildProcess
import Glibc

/// Writes a file so that readers see the old or the new one, never half of it, and a power cut loses neither.
package struct AtomicFile {
  let path: String
  let mode: Int
  /// Ends the temporary file's name: the same for whoever goes on after a crash, so that none is left behind.
  let mark: String
  /// Whose it is to be, where we may give files away.
  var owner: String?

  package init(path: String, mode: Int, mark: String, owner: String? = nil) {
    self.path = path
    self.mode = mode
    self.mark = mark
    self.owner = owner
  }

  var temporary: String { "\(path).caisson-\(mark)" }

  /// A device, pipe or socket under that name is left alone: renaming would put a file in its place.
  package func write(_ content: String) throws {
    var there = stat()
    if stat(path, &there) == 0, there.st_mode & S_IFMT != S_IFREG {
      throw EngineError(.failed, "\(path) is no file, and is not replaced by one")
    }
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode_t(0o600))
    guard file >= 0 else { throw AtomicFile.failure("write", temporary) }
    do {
      defer { close(file) }
      try fill(file, Array(content.utf8))
      try give(file)
      guard fchmod(file, mode_t(mode)) == 0, fsync(file) == 0 else { throw AtomicFile.failure("flush", temporary) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let failure = AtomicFile.failure("replace", path)
      unlink(temporary)
      throw failure
    }
    AtomicFile.flushFolder(of: path)
  }

  private func fill(_ file: CInt, _ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw AtomicFile.failure("write", path) }
      done += count
    }
  }

  private func give(_ file: CInt) throws {
    guard let owner, Account.isRoot else { return }
    guard let id = Account.id(owner) else {
      throw EngineError(.unusable, "\(path) is to belong to \(owner), and there is no such account")
    }
    guard fchown(file, id.user, id.group) == 0 else { throw AtomicFile.failure("give away", path) }
  }

  static func flushFolder(of path: String) {
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let handle = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard handle >= 0 else { return }
    fsync(handle)
    close(handle)
  }

  static func failure(_ verb: String, _ path: String) -> EngineError {
    let reason = String(cString: strerror(errno))
    return EngineError(.failed, "cannot \(verb) \(path): \(reason)", hint: errno == ENOSPC ? "free space, then resume" : nil)
  }
}
