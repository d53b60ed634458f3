/// Adapts the size of chunks so that one takes about `target`: grows by at most twice, shrinks at once.
///
/// What a chunk costs by itself (its transaction, a log that is replayed in it) is told from what its rows cost by the
/// chunks before: fewer rows do not save it. Where it alone takes most of `target`, rows still have half as long again,
/// or work that grows meanwhile would never end.
package struct ChunkSizer: Sendable, Hashable {
  private struct Chunk: Hashable {
    var rows: Double
    var seconds: Double
  }

  package let target: Duration
  package let smallest: Int
  package let largest: Int
  /// For the next chunk.
  package private(set) var size: Int
  private var latest: [Chunk] = []

  private static let remembered = 8

  package init(start: Int, smallest: Int = 1, largest: Int, target: Duration) {
    self.target = max(.milliseconds(1), target)
    self.smallest = max(1, smallest)
    self.largest = max(self.smallest, largest)
    size = min(max(start, self.smallest), self.largest)
  }

  /// A chunk of `rows` rows took `elapsed`. Fewer rows than asked for say nothing about a full chunk, unless it was
  /// slow.
  package mutating func note(rows: Int, took elapsed: Duration) {
    let seconds = max(elapsed.inSeconds, 1e-6)
    let target = target.inSeconds
    guard seconds > target || rows >= size else { return }
    latest = latest.suffix(ChunkSizer.remembered - 1) + [Chunk(rows: Double(size), seconds: seconds)]
    let ratio = seconds > target ? shrinking(from: seconds, to: target) : target / seconds
    size = min(max(Int(Double(size) * min(ratio, 2)), smallest), largest)
  }

  /// A chunk met a lock or a timeout: the next one is smaller, so that less is lost and less is held.
  package mutating func noteFailure() { size = max(size / 2, smallest) }

  private func shrinking(from seconds: Double, to target: Double) -> Double {
    let own = min(ownCost, seconds)
    return max(target - own, own / 2) / max(seconds - own, 1e-6)
  }

  /// Seconds of a chunk without rows, by least squares. Chunks of one size alone do not tell: none of it at first, all
  /// of it after several, so that the next one is larger and they do.
  private var ownCost: Double {
    let count = Double(latest.count)
    let rows = latest.reduce(0) { $0 + $1.rows } / count, seconds = latest.reduce(0) { $0 + $1.seconds } / count
    let spread = latest.reduce(0) { $0 + ($1.rows - rows) * ($1.rows - rows) }
    guard spread > 0 else { return latest.count < ChunkSizer.remembered ? 0 : seconds }
    let together = latest.reduce(0) { $0 + ($1.rows - rows) * ($1.seconds - seconds) }
    return max(0, seconds - max(0, together / spread) * rows)
  }
}
