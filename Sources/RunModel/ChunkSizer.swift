/// Adapts the size of chunks so that one takes about `target`: grows by at most twice, shrinks at once.
package struct ChunkSizer: Sendable, Hashable {
  package let target: Duration
  package let smallest: Int
  package let largest: Int
  /// For the next chunk.
  package private(set) var size: Int

  package init(start: Int, smallest: Int = 1, largest: Int, target: Duration) {
    self.target = max(.milliseconds(1), target)
    self.smallest = max(1, smallest)
    self.largest = max(self.smallest, largest)
    size = min(max(start, self.smallest), self.largest)
  }

  /// A chunk of `rows` rows took `elapsed`. Fewer rows than asked for say nothing about a full chunk, unless it was
  /// slow.
  package mutating func note(rows: Int, took elapsed: Duration) {
    let ratio = target.inSeconds / max(elapsed.inSeconds, 1e-6)
    if ratio >= 1, rows < size { return }
    let wanted = Double(size) * min(ratio, 2)
    size = min(max(Int(wanted), smallest), largest)
  }

  /// A chunk met a lock or a timeout: the next one is smaller, so that less is lost and less is held.
  package mutating func noteFailure() { size = max(size / 2, smallest) }
}
