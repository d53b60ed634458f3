import Synchronization

/// What the chunks of one operation have led to, in rows: its next slice need not find out again. After a failure all begin
/// small: a chunk as large as the one that met a lock or a timeout would meet it again.
final class ChunkPace: Sendable {
  private let found = Mutex<Int?>(nil)

  var rows: Int? {
    get { found.withLock { $0 } }
    set { found.withLock { $0 = newValue } }
  }
}
