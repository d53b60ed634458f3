import ChildProcess
import Glibc

/// Files and folders of a private cluster, owned by the user who runs its server.
package enum ServerFiles {
  package static func read(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }

  /// Written beside and renamed, so that a reader sees the old text or the new one.
  package static func write(_ text: String, to path: String, mode: UInt32 = 0o600, owner: String?) throws(SandboxError) {
    let draft = path + ".new"
    let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard file >= 0 else { throw problem("create", draft) }
    let bytes = Array(text.utf8)
    let written = Glibc.write(file, bytes, bytes.count)
    fsync(file)
    close(file)
    guard written == bytes.count else { throw problem("write", draft) }
    try give(draft, to: owner)
    guard rename(draft, path) == 0 else { throw problem("rename", draft) }
  }

  /// Makes the folder and those above it; only the last one is given away and closed to others.
  package static func makeFolder(_ path: String, mode: UInt32 = 0o700, owner: String?) throws(SandboxError) {
    var above = ""
    for part in path.split(separator: "/").dropLast() {
      above += "/" + part
      if mkdir(above, 0o755) == 0 {
        // Whatever our umask: the server's user has to get through.
        if owner != nil { chmod(above, 0o755) }
      } else if errno != EEXIST {
        throw problem("create", above)
      }
    }
    if mkdir(path, mode) != 0 && errno != EEXIST { throw problem("create", path) }
    var about = stat()
    guard lstat(path, &about) == 0, about.st_mode & S_IFMT == S_IFDIR else {
      throw SandboxError("\(path) is not a folder")
    }
    let wanted = owner.flatMap { Account.id($0)?.user } ?? geteuid()
    guard about.st_uid == wanted || about.st_uid == geteuid() else {
      throw SandboxError("\(path) belongs to somebody else", hint: "remove it or choose another CAISSON_SANDBOX_HOME")
    }
    try give(path, to: owner)
    guard chmod(path, mode) == 0 else { throw problem("protect", path) }
  }

  static func give(_ path: String, to owner: String?) throws(SandboxError) {
    guard let owner, let id = Account.id(owner) else { return }
    guard chown(path, id.user, id.group) == 0 else { throw problem("give away", path) }
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// True when `user` can get into every folder above `path` that is there already.
  package static func isReachable(_ path: String, by user: String) -> Bool {
    guard let id = Account.id(user) else { return false }
    var above = ""
    for part in path.split(separator: "/").dropLast() {
      above += "/" + part
      var about = stat()
      guard stat(above, &about) == 0 else { return true }
      let bits = about.st_mode
      let open = about.st_uid == id.user ? bits & 0o100 : about.st_gid == id.group ? bits & 0o010 : bits & 0o001
      if open == 0 { return false }
    }
    return true
  }

  private static func problem(_ what: String, _ path: String) -> SandboxError {
    SandboxError("cannot \(what) \(path): \(String(cString: strerror(errno)))")
  }
}
