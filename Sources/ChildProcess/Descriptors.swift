import Glibc

/// Descriptors that no child inherits by accident.
enum Descriptors {
  static func pipe() throws(SpawnError) -> (read: CInt, write: CInt) {
    var ends: [CInt] = [0, 0]
    guard linuxPipe2(&ends, O_CLOEXEC) == 0 else { throw failure("pipe") }
    return (ends[0], ends[1])
  }

  /// A nameless file in memory: unlike a pipe it cannot block us, nor raise SIGPIPE.
  static func file(holding bytes: [UInt8]) throws(SpawnError) -> CInt {
    guard !bytes.isEmpty else { return try null(O_RDONLY) }
    let file = linuxMemfdCreate("input", 1)  // MFD_CLOEXEC
    guard file >= 0 else { throw failure("memfd_create") }
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      guard written > 0 else {
        close(file)
        throw failure("write")
      }
      rest = rest.dropFirst(written)
    }
    lseek(file, 0, SEEK_SET)
    return file
  }

  static func null(_ mode: CInt) throws(SpawnError) -> CInt {
    let file = open("/dev/null", mode | O_CLOEXEC)
    guard file >= 0 else { throw failure("/dev/null") }
    return file
  }

  static func setNonblocking(_ file: CInt) { _ = fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK) }

  private static func failure(_ what: String) -> SpawnError {
    let code = errno
    return SpawnError(program: what, code: code, reason: String(cString: strerror(code)))
  }
}
