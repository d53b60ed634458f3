import Synchronization

/// What the chunks of one operation have led to, in rows: its next slice, or its next try, need not find out again.
final class ChunkPace: Sendable {
  private let found = Mutex<Int?>(nil)

  var rows: Int? {
    get { found.withLock { $0 } }
    set { found.withLock { $0 = newValue } }
  }
}
