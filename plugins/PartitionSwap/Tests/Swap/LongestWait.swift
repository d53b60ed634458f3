import SQLText
import Synchronization
import TestSupport

/// How long sessions that only read had to wait for a lock, as the server sees it.
final class LongestWait: Sendable {
  private let longest = Mutex(0)
  private let stopped = Atomic(false)

  var milliseconds: Int { longest.withLock { $0 } }
  func stop() { stopped.store(true, ordering: .relaxed) }

  /// A client of the table.
  func read() async throws {
    let session = try await TestDatabase.current.connect()
    while !stopped.load(ordering: .relaxed) {
      _ = try await session.query("SELECT v FROM orders WHERE id = 7")
      try await Task.sleep(for: .milliseconds(2))
    }
    await session.close()
  }

  func watch() async throws {
    let session = try await TestDatabase.current.connect()
    let query: SQL = """
      SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart) * 1000), 0)::int FROM pg_locks
      WHERE NOT granted AND mode = 'AccessShareLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """
    while !stopped.load(ordering: .relaxed) {
      let now = Int(try await session.query(query).value ?? "") ?? 0
      longest.withLock { $0 = max($0, now) }
      try await Task.sleep(for: .milliseconds(5))
    }
    await session.close()
  }
}
