package import PluginAPI

/// The wall-clock times at which a window opens and closes around a moment: those that may matter now, and the next.
package struct WindowTimes: Sendable, Hashable {
  package let opens: [LocalTime]
  package let closes: [LocalTime]

  /// From the day before, whose window may pass midnight, to the same weekday of next week.
  package init(of window: TimeWindow, around now: LocalTime) {
    let days = (now.day - 1...now.day + 8).filter { window.days.contains(CalendarDay(number: $0).weekday) }
    opens = days.map { LocalTime(day: $0, minute: window.from) }
    closes = days.map { day in
      LocalTime(day: window.passesMidnight ? day + 1 : day, minute: 0).adding(minutes: window.to)
    }
  }
}

/// Where a moment stands to windows.
package enum WindowStanding: Sendable, Hashable {
  case open(until: Moment)
  case closed(until: Moment?)

  /// `stretches` are instants, as the server has them. Those that touch are one; those that a change of the clock has
  /// made empty are none.
  package init(at now: Moment, among stretches: [(opens: Moment, closes: Moment)]) {
    let ordered = stretches.filter { $0.opens < $0.closes }.sorted { $0.opens < $1.opens }
    var end: Moment?
    for stretch in ordered where stretch.opens <= (end ?? now) && stretch.closes > (end ?? now) { end = stretch.closes }
    if let end {
      self = .open(until: end)
    } else {
      self = .closed(until: ordered.first { $0.opens > now }?.opens)
    }
  }
}
