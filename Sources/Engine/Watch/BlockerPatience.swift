/// How long each transaction has been in our way, and what is done about it by then: nothing, a cancellation, and, so
/// long again after that, the end of its session.
///
/// What is in the way is a transaction: locks are held to its end, and our own waits are many short ones.
struct BlockerPatience {
  struct Transaction: Hashable, Sendable {
    let pid: Int
    /// When it began, as the server prints it.
    let began: String
  }

  enum Act: Sendable, Hashable { case cancel, terminate }

  /// Milliseconds of the server's clock.
  private struct Standing {
    let first: Int64
    var asked: Int64?
    var seen: Int64
  }

  let after: Int64
  private var standings: [Transaction: Standing] = [:]

  init(after: Int64) { self.after = after }

  /// Tells that it is in the way now. `isIdle`: between its statements, where a cancellation does nothing.
  mutating func sees(_ transaction: Transaction, isIdle: Bool, now: Int64) -> Act? {
    var standing = standings[transaction] ?? Standing(first: now, seen: now)
    defer {
      standing.seen = now
      standings[transaction] = standing
    }
    guard now - (standing.asked ?? standing.first) >= after else { return nil }
    let act: Act = standing.asked != nil && isIdle ? .terminate : .cancel
    standing.asked = now
    return act
  }

  func seconds(_ transaction: Transaction, now: Int64) -> Int {
    Int(max(0, now - (standings[transaction]?.first ?? now)) / 1_000)
  }

  /// Those that were not met for an hour are over, in all likelihood.
  mutating func forget(now: Int64) { standings = standings.filter { now - $0.value.seen < 3_600_000 } }
}
