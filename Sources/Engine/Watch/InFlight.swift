import PostgresClient
import SQLText
import Synchronization

/// Statements on their way to the server, for the watcher that names blockers and reads progress.
final class InFlight: Sendable {
  struct Entry: Sendable {
    let step: String
    let pid: Int
    let started: ContinuousClock.Instant
    /// One row `(done, total, what)` about the backend bound to `$pid`.
    let progress: SQL?
    /// Who kept it waiting when the watcher last looked.
    var blockers: [Blocker] = []
    var lastReport: ContinuousClock.Instant?
    /// Backends that it waits for without a lock, by looking.
    var waitsFor: [Int] = []
  }

  private let entries = Mutex<[Int: Entry]>([:])
  private let counter = Mutex(0)

  func begin(step: String, pid: Int, progress: SQL? = nil) -> Int {
    let key = counter.withLock { count -> Int in
      count += 1
      return count
    }
    entries.withLock { $0[key] = Entry(step: step, pid: pid, started: .now, progress: progress) }
    return key
  }

  /// What is known of it at its end.
  @discardableResult
  func end(_ key: Int) -> Entry? { entries.withLock { $0.removeValue(forKey: key) } }

  func entry(_ key: Int) -> Entry? { entries.withLock { $0[key] } }

  func update(_ key: Int, _ change: (inout Entry) -> Void) {
    entries.withLock { entries in
      guard var entry = entries[key] else { return }
      change(&entry)
      entries[key] = entry
    }
  }

  /// Those that have been running for at least `age`.
  func older(than age: Duration) -> [(key: Int, entry: Entry)] {
    let now = ContinuousClock.now
    return entries.withLock { $0.filter { now - $0.value.started >= age }.map { (key: $0.key, entry: $0.value) } }
  }

  /// Steps with something running for at least `age`: what the heartbeat writes into `runner.doing`.
  func steps(olderThan age: Duration) -> [String] { Set(older(than: age).map(\.entry.step)).sorted() }
}
