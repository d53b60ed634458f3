/// How often, and how long apart.
package struct RetryPolicy: Sendable, Hashable, Codable {
  /// The first one included.
  package var attempts: Int
  package var shortest: Duration
  package var longest: Duration

  package init(attempts: Int, shortest: Duration, longest: Duration) {
    self.attempts = max(1, attempts)
    self.shortest = max(.zero, shortest)
    self.longest = max(self.shortest, longest)
  }

  package static let standard = RetryPolicy(attempts: 30, shortest: .milliseconds(200), longest: .seconds(30))
  package static let once = RetryPolicy(attempts: 1, shortest: .zero, longest: .zero)

  /// May there be another one after `attempt` (1 is the first)?
  package func allowsRetry(after attempt: Int) -> Bool { attempt < attempts }

  /// The wait after `attempt`: doubling, at most `longest`, the upper half of it left to chance so that runners that
  /// failed together do not come back together. `random01` is in 0..<1.
  package func delay(after attempt: Int, random01: Double) -> Duration {
    let doublings = min(max(0, attempt - 1), 40)
    let full = min(shortest.inSeconds * Double(UInt64(1) << UInt64(doublings)), longest.inSeconds)
    let part = 0.5 + 0.5 * min(max(random01, 0), 1)
    return .nanoseconds(Int64((max(full * part, min(shortest.inSeconds, full)) * 1e9).rounded()))
  }
}

extension Duration {
  package var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
