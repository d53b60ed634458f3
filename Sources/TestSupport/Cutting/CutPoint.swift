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

  /// The end of a transaction that has written something, as far as its words tell.
  package var isCommit: Bool {
    guard ends else { return false }
    let work = words.hasPrefix("Sync after ") ? words.dropFirst(11) : words[...]
    // The journal's functions write; other questions do not.
    let isCall = work.hasPrefix("SELECT * FROM caisson.") || work.hasPrefix("SELECT caisson.")
    return isCall || !["SELECT", "SHOW", "SET", "RESET", "WITH RECURSIVE"].contains { work.hasPrefix($0) }
  }
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
  /// Sent with what the client has sent together with it; then nothing is passed on in either direction, and nothing is
  /// closed: a machine that is gone.
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
