/// A statement on its way through the proxy, told from others in every run of the same work: the first words of its
/// text, and which statement with these words it is.
package struct CutPoint: Sendable, Hashable, CustomStringConvertible {
  package let words: String
  /// From 1, in the order of sending, over all connections.
  package let occurrence: Int
  /// A COMMIT, or the end of a batch or statement that is a transaction by itself.
  package let ends: Bool

  package init(_ words: String, _ occurrence: Int = 1, ends: Bool = false) {
    self.words = words
    self.occurrence = occurrence
    self.ends = ends
  }

  package var description: String { "\(words) #\(occurrence)" }

  /// A COMMIT of an explicit transaction.
  package var isCommit: Bool { words == "COMMIT" || words == "END" }
}

/// What happens to a statement at the point where it is cut off.
package enum CutMoment: String, Sendable, CaseIterable {
  /// The server never sees it.
  case unsent
  /// Sent, and both sides are closed at once: the server notices, or not.
  case abandoned
  /// Sent, and the client's side is closed: the server finishes it alone.
  case orphaned
  /// Executed, and the answer never arrives.
  case unanswered
  /// Nothing is passed on from here, in either direction, and nothing is closed.
  case blackholed
}

/// What passed through the proxy, and what is to happen at which point.
struct CutLedger {
  private(set) var points: [CutPoint] = []
  private(set) var connections = 0
  var armed: (point: CutPoint, moment: CutMoment, action: @Sendable () -> Void)?
  private(set) var fired: CutPoint?
  private var counts: [String: Int] = [:]

  mutating func connected() { connections += 1 }

  /// Counts a statement; says what is to happen to it.
  mutating func note(_ words: String, ends: Bool) -> (moment: CutMoment, action: @Sendable () -> Void)? {
    let occurrence = counts[words, default: 0] + 1
    counts[words] = occurrence
    let point = CutPoint(words, occurrence, ends: ends)
    points.append(point)
    guard let armed, armed.point.words == words, armed.point.occurrence == occurrence else { return nil }
    fired = point
    self.armed = nil
    return (armed.moment, armed.action)
  }
}
