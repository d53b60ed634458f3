package import PluginAPI

/// Moments of one schedule that have come and are not in the journal yet.
package struct DueMoments: Sendable, Hashable {
  /// Ascending, none later than now; the latest where there are too many.
  package var moments: [Moment]
  /// Older ones that are not listed.
  package var dropped: Int

  package init(_ moments: [Moment], dropped: Int = 0) {
    self.moments = moments
    self.dropped = dropped
  }

  /// The grid of an interval: from the first moment that is not recorded, to now. Then: the one after.
  package static func grid(
    from first: Moment, every: Duration, now: Moment, limit: Int = 2_000
  ) -> (due: DueMoments, next: Moment) {
    let length = (Moment(microseconds: 0) + every).microseconds
    guard first <= now else { return (DueMoments([]), first) }
    let count = (now.microseconds - first.microseconds) / length + 1
    let from = max(0, count - Int64(limit))
    let moments = (from..<count).map { Moment(microseconds: first.microseconds + $0 * length) }
    return (
      DueMoments(moments, dropped: Int(from)), Moment(microseconds: first.microseconds + count * length)
    )
  }

  /// From instants as the server gave them, in any order and more than once: a clock that is put forward maps two
  /// wall-clock times to one instant.
  package static func mapped(
    _ instants: [Moment], from first: Moment, now: Moment, dropped: Int
  ) -> (due: DueMoments, next: Moment?) {
    let ordered = Set(instants).sorted()
    return (
      DueMoments(ordered.filter { $0 >= first && $0 <= now }, dropped: dropped), ordered.first { $0 > now }
    )
  }
}

/// A firing of the schedule that is not over.
package struct UnfinishedFiring: Sendable, Hashable {
  package var due: Moment
  /// False: it waits for its turn.
  package var isRunning: Bool

  package init(due: Moment, isRunning: Bool) {
    self.due = due
    self.isRunning = isRunning
  }
}

/// What becomes of moments that have come: the rules of `catch_up`, `overlap` and of a pause, in one place.
package enum DueVerdict: Sendable, Hashable {
  case fire(Moment)
  /// Recorded as one row at the latest of them.
  case skip(Moment, count: Int, reason: String)

  /// Older than that, a moment was missed: nothing was there to see it.
  package static let grace = Duration.seconds(60)
  /// `catch_up: all` is not endless.
  package static let most = 1_000

  package static func verdicts(
    _ due: DueMoments, now: Moment, _ rule: Recurrence, unfinished: [UnfinishedFiring], paused: String? = nil
  ) -> [DueVerdict] {
    guard let latest = due.moments.last else { return [] }
    let count = due.moments.count + due.dropped
    if let paused { return [.skip(latest, count: count, reason: paused)] }
    if let reason = overlap(rule.overlap, unfinished) { return [.skip(latest, count: count, reason: reason)] }
    let fired = caughtUp(due.moments, now: now, rule.catchUp)
    let left = count - fired.count
    guard left > 0 else { return fired.map(fire) }
    let last = fired.first.flatMap { first in due.moments.last { $0 < first } } ?? latest
    return [.skip(last, count: left, reason: missed(left, rule.catchUp))] + fired.map(fire)
  }

  /// Why nothing more may be begun or queued; `nil`: it may.
  private static func overlap(_ rule: Recurrence.Overlap, _ unfinished: [UnfinishedFiring]) -> String? {
    guard let first = unfinished.first else { return nil }
    switch rule {
    case .skip:
      return "the firing due at \(first.due) " + (first.isRunning ? "is still running" : "has not begun yet")
    case .queue:
      guard let waiting = unfinished.first(where: { !$0.isRunning }) else { return nil }
      return "coalesced with the firing due at \(waiting.due), which waits for its turn"
    }
  }

  private static func caughtUp(_ moments: [Moment], now: Moment, _ rule: Recurrence.CatchUp) -> [Moment] {
    switch rule {
    case .none: moments.suffix(1).filter { now - $0 <= grace }
    case .latest: moments.suffix(1)
    case .all: moments.suffix(most)
    }
  }

  private static func missed(_ count: Int, _ rule: Recurrence.CatchUp) -> String {
    let what = count == 1 ? "missed" : "\(count) moments missed"
    let why = rule == .all ? "of a long absence only the last \(most) are caught up" : "catch_up is \(rule.rawValue)"
    return "\(what): \(why)"
  }
}
