import Glibc

/// How much larger the tables of a step are here than where it was measured.
package struct Growth: Sendable, Hashable {
  /// There, and here.
  package let there: Extent
  package let here: Extent

  /// `nil`: they have no table in common.
  package init?(from there: Extents, to here: Extents) {
    let common = there.keys.filter { here[$0] != nil }
    if common.isEmpty { return nil }
    self.there = common.compactMap { there[$0] }.reduce(.none, +)
    self.here = common.compactMap { here[$0] }.reduce(.none, +)
  }

  /// Of bytes and rows the geometric mean where both are known: the time of most work lies somewhere between the two, and
  /// so it is wrong by the least factor at worst.
  package var ratio: Double {
    let bytes = Self.bounded(max(here.bytes, Self.page) / max(there.bytes, Self.page))
    guard let before = there.rows, let after = here.rows, before > 0, after > 0 else { return bytes }
    return (bytes * Self.bounded(after / before)).squareRoot()
  }

  /// How much longer an operation of this pace takes.
  func factor(_ pace: Pace) -> Double {
    switch pace {
    case .fixed, .wait: 1
    case .sample: min(ratio, max(1, Self.sampled / min(max(there.bytes, Self.page), Self.sampled)))
    case .scan: ratio
    case .sort: Self.sorting(ratio, of: there)
    }
  }

  /// n log n, of rows or of as many as usually are in so many bytes.
  private static func sorting(_ ratio: Double, of there: Extent) -> Double {
    let rows = max(there.rows ?? there.bytes / 100, 16)
    return ratio * (max(rows * ratio, 16).logarithm / rows.logarithm)
  }

  /// ANALYZE looks at 30,000 pages at most, by default.
  private static let sampled = 30_000 * page
  private static let page = 8_192.0
  private static func bounded(_ ratio: Double) -> Double { min(max(ratio, 1e-9), 1e9) }
}

extension Double {
  fileprivate var logarithm: Double { log2(self) }
}
