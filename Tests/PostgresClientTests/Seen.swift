import PostgresClient
import Synchronization

/// Collects notices.
final class Seen: Sendable {
  private let notices = Mutex<[Notice]>([])
  func add(_ notice: Notice) { notices.withLock { $0.append(notice) } }
  var all: [Notice] { notices.withLock { $0 } }
}
