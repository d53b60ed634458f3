import Digest
import Glibc
import Synchronization

/// One file of an export while it is written: counted, digested and readable by its owner alone.
///
/// Unchecked: rows come on the connection's thread, one after another, and the caller waits for the last of them.
final class ExportFile: @unchecked Sendable {
  private static let room = 1 << 18

  private let path: String
  private let file: CInt
  private var sum: RunningSHA256?
  private var buffer: [UInt8] = []
  private(set) var bytes = 0
  /// As the server counted them.
  var rows = 0

  init(_ path: String) throws {
    self.path = path
    sum = try RunningSHA256()
    file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(0o600))
    guard file >= 0 else { throw AtomicFile.failure("create", path) }
    buffer.reserveCapacity(Self.room)
  }

  deinit { close(file) }

  func text(_ text: String) throws { try add(Array(text.utf8)) }

  func add(_ piece: some Sequence<UInt8>) throws {
    buffer.append(contentsOf: piece)
    if buffer.count >= Self.room { try write() }
  }

  private func write() throws {
    try sum?.update(buffer)
    bytes += buffer.count
    var done = 0
    while done < buffer.count {
      let count = buffer[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw AtomicFile.failure("write", path) }
      done += count
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Durable from here on; the digest of all of it.
  func finish() throws -> String {
    try write()
    guard fsync(file) == 0 else { throw AtomicFile.failure("flush", path) }
    guard let whole = sum.take() else { throw EngineError(.failed, "\(path) was finished before") }
    return Hexadecimal.text(try whole.digest())
  }
}
