import Engine
import Glibc

/// Rows on their way from one server to another: a file without a name, gone with this value.
final class SpoolFile: Sendable {
  private let file: CInt

  init(in folder: String) throws {
    var template = Array("\(folder)/rows-XXXXXX".utf8CString)
    file = mkstemp(&template)
    guard file >= 0 else { throw Self.failure("make a file in \(folder)") }
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    unlink(template)
  }

  deinit { close(file) }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let count = write(file, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.failure("write rows") }
      done += count
    }
  }

  func rewind() throws {
    guard lseek(file, 0, SEEK_SET) == 0 else { throw Self.failure("read rows") }
  }

  /// The next piece; `nil` at the end.
  func next() throws -> [UInt8]? {
    var piece = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = read(file, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Self.failure("read rows") }
      return count == 0 ? nil : Array(piece[..<count])
    }
  }

  private static func failure(_ verb: String) -> EngineError {
    EngineError(.failed, "cannot \(verb): \(String(cString: strerror(errno)))", hint: errno == ENOSPC ? "free space" : nil)
  }
}
