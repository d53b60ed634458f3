package import PluginAPI

extension CronExpression {
  /// Whether the expression names this wall-clock time.
  package func matches(_ time: LocalTime) -> Bool {
    minutes.contains(time.minute % 60) && hours.contains(time.minute / 60) && matches(CalendarDay(number: time.day))
  }

  private func matches(_ date: CalendarDay) -> Bool {
    guard months.contains(date.month) else { return false }
    let byDay = days.contains(date.day), byWeekday = weekdays.contains(date.weekday)
    return needsBothDays ? byDay && byWeekday : byDay || byWeekday
  }

  /// Whole years that are looked through: 29 February on one day of the week may be forty years away.
  private static let horizon = 44

  /// The first wall-clock time it names after `time`.
  package func next(after time: LocalTime) -> LocalTime? { first(from: time.adding(minutes: 1)) }

  /// The first wall-clock time it names at or after `time`; `nil`: never.
  package func first(from time: LocalTime) -> LocalTime? {
    let start = CalendarDay(number: time.day)
    if matches(start), let minute = firstMinute(from: time.minute) { return LocalTime(day: time.day, minute: minute) }
    guard let minute = firstMinute(from: 0) else { return nil }
    var day = time.day + 1
    let end = CalendarDay(year: start.year + Self.horizon, month: 1, day: 1).number
    while day < end {
      let date = CalendarDay(number: day)
      if !months.contains(date.month) {
        day += CalendarDay.length(ofMonth: date.month, in: date.year) - date.day + 1
      } else if matches(date) {
        return LocalTime(day: day, minute: minute)
      } else {
        day += 1
      }
    }
    return nil
  }

  /// Of one day.
  private func firstMinute(from minute: Int) -> Int? {
    guard let hour = hours.first(from: minute / 60) else { return nil }
    if hour == minute / 60, let rest = minutes.first(from: minute % 60) { return hour * 60 + rest }
    guard let later = hour == minute / 60 ? hours.first(from: hour + 1) : hour, let first = minutes.first(from: 0)
    else { return nil }
    return later * 60 + first
  }
}

/// Wall-clock times worth asking the server about.
package struct CronCandidates: Sendable, Hashable {
  /// Ascending, at most `limit`, the latest where there are more.
  package var times: [LocalTime] = []
  /// Earlier ones that were left out.
  package var dropped = 0

  /// How far a clock is put forward or back at most: within that distance the order of wall-clock times says nothing
  /// about the order of instants.
  package static let shift = 180

  /// Everything that may be due between two wall-clock times of one zone, and what comes next after the second.
  package init(_ cron: CronExpression, from start: LocalTime, through end: LocalTime, limit: Int = 2_000) {
    var kept: [LocalTime] = []
    var time = cron.first(from: start.adding(minutes: -Self.shift))
    var last: LocalTime?
    while let one = time {
      // Enough behind the end that the next instant is among them, wherever the clock is put.
      if let last, one > last { break }
      if last == nil, one > end { last = one.adding(minutes: Self.shift) }
      kept.append(one)
      if kept.count >= 2 * limit {
        dropped += kept.dropLast(limit).count { $0 >= start }
        kept.removeFirst(kept.count - limit)
      }
      time = cron.next(after: one)
    }
    dropped += kept.dropLast(limit).count { $0 >= start }
    times = Array(kept.suffix(limit))
  }
}
