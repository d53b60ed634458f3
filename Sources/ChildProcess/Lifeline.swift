import Glibc
import Synchronization

/// Lines of text to and from another process over a socket pair. The end of it says that the other side is gone,
/// however it went.
package final class Lifeline: Sendable {
  package enum Received: Sendable, Equatable {
    case line(String)
    /// The other side is gone, or will say nothing more.
    case closed
    case nothing
  }

  private let descriptor: CInt
  /// What has come and is no whole line yet.
  private let rest = Mutex<[UInt8]>([])

  /// Takes over the descriptor.
  package init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Our end, and the descriptor for the child, which the caller closes when it is started.
  package static func pair() throws(SpawnError) -> (ours: Lifeline, theirs: Int32) {
    var ends: [CInt] = [0, 0]
    let kind = CInt(SOCK_STREAM.rawValue) | 0o2000000  // SOCK_CLOEXEC: no other child may keep the line open
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      let code = errno
      throw SpawnError(program: "socketpair", code: code, reason: String(cString: strerror(code)))
    }
    return (Lifeline(ends[0]), ends[1])
  }

  /// Sends a line; false when nobody is there to read it.
  @discardableResult
  package func send(_ line: String) async -> Bool {
    await blocking { self.sendNow(line) }
  }

  /// The next line. `within` nil: however long it takes; zero: what has come already.
  package func receive(within limit: Duration?) async -> Received {
    await blocking { self.receiveNow(within: limit) }
  }

  /// Tells the other side that we are done; what it says can still be heard.
  package func hangUp() { shutdown(descriptor, CInt(SHUT_WR)) }

  private func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { waiting in
      BlockingThread.start { waiting.resume(returning: body()) }
    }
  }

  private func sendNow(_ line: String) -> Bool {
    let bytes = Array(line.utf8) + [10]
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }

  private func receiveNow(within limit: Duration?) -> Received {
    let end = limit.map { ContinuousClock.now + $0 }
    while true {
      if let line = takeLine() { return .line(line) }
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&entry, 1, end.map { Lifeline.milliseconds(until: $0) } ?? -1)
      if ready < 0, errno == EINTR { continue }
      if ready == 0 { return .nothing }
      var buffer = [UInt8](repeating: 0, count: 65536)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return .closed }
      rest.withLock { $0 += buffer[..<count] }
    }
  }

  private func takeLine() -> String? {
    rest.withLock { rest in
      guard let end = rest.firstIndex(of: 10) else { return nil }
      let line = String(decoding: rest[..<end], as: UTF8.self)
      rest.removeSubrange(...end)
      return line
    }
  }

  private static func milliseconds(until end: ContinuousClock.Instant) -> CInt {
    let left = (end - .now).components
    return CInt(clamping: max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000))
  }
}
