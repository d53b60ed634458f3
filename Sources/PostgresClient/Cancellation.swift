import CPostgres
import Glibc
import Synchronization

/// What PQcancel needs; libpq never changes it, so any thread may use it.
final class CancelHandle: @unchecked Sendable {
  private let raw: OpaquePointer
  init?(_ conn: OpaquePointer) {
    guard let raw = PQgetCancel(conn) else { return nil }
    self.raw = raw
  }

  deinit { PQfreeCancel(raw) }

  func send() {
    var text = [CChar](repeating: 0, count: 256)
    _ = PQcancel(raw, &text, CInt(text.count))
  }
}

/// One statement on its way. A cancel holds the lock while PQcancel runs and the statement takes the lock when it ends,
/// so a cancel can never hit the statement after it.
final class RunningStatement: Sendable {
  private struct State {
    var running = true
    var canceling = false
    var sent = false
  }
  private let state = Mutex(State())
  private let handle: CancelHandle

  init(_ handle: CancelHandle) { self.handle = handle }

  /// Returns true when a cancel was sent meanwhile.
  func end() -> Bool {
    state.withLock {
      $0.running = false
      return $0.sent
    }
  }

  func cancel() {
    let first = state.withLock { state -> Bool in
      defer { state.canceling = true }
      return !state.canceling
    }
    // PQcancel opens a connection of its own and blocks: neither on the caller's thread nor on the connection's.
    if first { BlockingThread.start { self.repeatUntilEnded() } }
  }

  /// An idle backend ignores a cancel that arrives before the statement does: repeat until the statement has ended, less
  /// often when it is the server that hangs.
  private func repeatUntilEnded() {
    var pause: UInt32 = 100_000
    while attempt() {
      usleep(pause)
      pause = min(pause * 2, 5_000_000)
    }
  }

  private func attempt() -> Bool {
    state.withLock { state in
      guard state.running else { return false }
      state.sent = true
      handle.send()
      return true
    }
  }
}

/// Cancels whatever statement its connection runs at that moment; does nothing when it runs none.
package final class CancelToken: Sendable {
  private let current = Mutex<RunningStatement?>(nil)

  package func cancel() { current.withLock { $0 }?.cancel() }

  func watch(_ statement: RunningStatement?) { current.withLock { $0 = statement } }
}
