/// A wall-clock time to the minute, without a zone: what a cron expression speaks of. Which instant it is, or whether
/// it is one at all, the server says.
package struct LocalTime: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Days since 1970-01-01.
  package var day: Int
  /// Minutes since midnight.
  package var minute: Int

  package init(day: Int, minute: Int) {
    self.day = day
    self.minute = minute
  }

  package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0) {
    self.init(day: CalendarDay(year: year, month: month, day: day).number, minute: hour * 60 + minute)
  }

  /// `2026-03-29 02:30…`, as the server prints a timestamp; seconds are dropped.
  package init?(_ text: String) {
    let numbers = text.split { !("0"..."9").contains($0) }.prefix(5).compactMap { Int($0) }
    guard numbers.count == 5, (1...12).contains(numbers[1]) else { return nil }
    self.init(year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4])
  }

  package static func < (a: LocalTime, b: LocalTime) -> Bool { (a.day, a.minute) < (b.day, b.minute) }

  package func adding(minutes: Int) -> LocalTime {
    let total = day * 1440 + minute + minutes
    let days = total >= 0 ? total / 1440 : (total - 1439) / 1440
    return LocalTime(day: days, minute: total - days * 1440)
  }

  package var description: String {
    let date = CalendarDay(number: day)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let year = String(repeating: "0", count: max(0, 4 - "\(date.year)".count)) + "\(date.year)"
    return "\(year)-\(two(date.month))-\(two(date.day)) \(two(minute / 60)):\(two(minute % 60))"
  }
}

/// A date of the Gregorian calendar.
package struct CalendarDay: Sendable, Hashable {
  package let year: Int
  package let month: Int
  package let day: Int

  package init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// Years begin with March here, so that the day that is sometimes missing is the last; an era has 400 of them.
  package init(number: Int) {
    let shifted = number + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    self.init(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month, day: dayOfYear - (153 * fromMarch + 2) / 5 + 1)
  }

  /// Days since 1970-01-01.
  package var number: Int {
    let fromMarch = month > 2 ? month - 3 : month + 9
    let years = month > 2 ? year : year - 1
    let era = (years >= 0 ? years : years - 399) / 400
    let yearOfEra = years - era * 400
    let dayOfYear = (153 * fromMarch + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// 0 is Sunday.
  package var weekday: Int {
    let rest = (number + 4) % 7
    return rest < 0 ? rest + 7 : rest
  }

  package static func length(ofMonth month: Int, in year: Int) -> Int {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }
}
