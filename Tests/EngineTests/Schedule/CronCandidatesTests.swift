import PluginAPI
import RunModel
import Testing

/// Numbers that are the same on every machine.
struct Dice {
  private var state: UInt64
  init(_ seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func roll(_ count: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % count
  }
}

/// A cron time made of lists that the test knows without reading its text.
struct RandomCron {
  var minutes: Set<Int>
  var hours: Set<Int>
  /// `nil`: `*`.
  var days: Set<Int>?
  var months: Set<Int>?
  var weekdays: Set<Int>?

  init(_ dice: inout Dice) {
    func some(_ range: ClosedRange<Int>, _ count: Int) -> Set<Int> {
      Set((0..<count).map { _ in range.lowerBound + dice.roll(range.count) })
    }
    minutes = some(0...59, 1 + dice.roll(4))
    hours = some(0...23, 1 + dice.roll(4))
    days = dice.roll(2) == 0 ? nil : some(1...31, 1 + dice.roll(3)).union(dice.roll(2) == 0 ? [] : [28])
    months = dice.roll(2) == 0 ? nil : some(1...12, 1 + dice.roll(5))
    weekdays = dice.roll(2) == 0 ? nil : some(0...6, 1 + dice.roll(3))
    // A day that no month has is refused when it is read.
    if weekdays == nil, months != nil { days?.insert(28) }
  }

  var text: String {
    [minutes, hours, days, months, weekdays].map { set in
      set.map { $0.sorted().map(String.init).joined(separator: ",") } ?? "*"
    }.joined(separator: " ")
  }

  func matches(year: Int, month: Int, day: Int) -> Bool {
    guard months?.contains(month) ?? true else { return false }
    // Zeller.
    let m = month < 3 ? month + 12 : month, y = month < 3 ? year - 1 : year
    let weekday = (day + 13 * (m + 1) / 5 + y + y / 4 - y / 100 + y / 400 + 6) % 7
    switch (days, weekdays) {
    case (nil, nil): return true
    case (let days?, nil): return days.contains(day)
    case (nil, let weekdays?): return weekdays.contains(weekday)
    case (let days?, let weekdays?): return days.contains(day) || weekdays.contains(weekday)
    }
  }
}

/// A clock that ticks through the calendar minute by minute.
struct TickingClock {
  var (year, month, day, hour, minute) = (2024, 1, 1, 0, 0)

  mutating func tick() {
    minute += 1
    if minute == 60 { (minute, hour) = (0, hour + 1) }
    if hour == 24 { nextDay() }
  }

  mutating func nextDay() {
    (hour, minute, day) = (0, 0, day + 1)
    let leap = year % 400 == 0 || year % 4 == 0 && year % 100 != 0
    let length = month == 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    if day > length { (day, month) = (1, month + 1) }
    if month == 13 { (month, year) = (1, year + 1) }
  }

  var text: String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(year)-\(two(month))-\(two(day)) \(two(hour)):\(two(minute))"
  }
}

@Suite struct CronCandidatesTests {
  @Test("what comes next is what a clock that ticks minute by minute finds", arguments: 1...60)
  func bruteForce(seed: Int) throws {
    var dice = Dice(seed), clock = TickingClock()
    let random = RandomCron(&dice), cron = try CronExpression(parsing: random.text)
    (clock.year, clock.month, clock.day) = (2019 + dice.roll(12), 1 + dice.roll(12), 1 + dice.roll(28))
    (clock.hour, clock.minute) = (dice.roll(24), dice.roll(60))
    var time = try #require(LocalTime(clock.text))
    for _ in 0..<25 {
      clock.tick()
      while true {
        if !random.matches(year: clock.year, month: clock.month, day: clock.day) {
          clock.nextDay()
        } else if random.hours.contains(clock.hour), random.minutes.contains(clock.minute) {
          break
        } else {
          clock.tick()
        }
      }
      time = try #require(cron.next(after: time))
      #expect(time.description == clock.text, "\(random.text)")
      #expect(cron.matches(time))
    }
  }

  @Test("days count both ways", arguments: Array(stride(from: -800_000, through: 800_000, by: 7_919)))
  func calendar(number: Int) {
    let day = CalendarDay(number: number)
    #expect(day.number == number && CalendarDay(number: number + 7).weekday == day.weekday)
  }

  @Test("the rare ones come", arguments: [
    ("0 0 29 2 *", "2096-03-01 00:00", "2104-02-29 00:00"), ("0 0 29 2 *", "2024-02-28 23:59", "2024-02-29 00:00"),
    ("59 23 31 12 *", "2025-12-31 23:59", "2026-12-31 23:59"),
    ("30 3 * * Mon-Fri", "2026-11-20 03:30", "2026-11-23 03:30"),
    ("0 0 13 * Fri", "2026-02-01 00:00", "2026-02-06 00:00"), ("0 0 */2 * Fri", "2026-02-01 00:00", "2026-02-13 00:00"),
    ("0 12 29 2 */7", "2026-01-01 00:00", "2032-02-29 12:00"),
  ])
  func rare(_ text: String, _ after: String, _ expected: String) throws {
    let found = try CronExpression(parsing: text).next(after: #require(LocalTime(after)))
    #expect(found?.description == expected)
  }

  @Test("of a long absence the latest candidates are kept and the others counted")
  func many() throws {
    let cron = try CronExpression(parsing: "* * * * *")
    let start = LocalTime(year: 2026, month: 1, day: 1), end = LocalTime(year: 2026, month: 1, day: 11)
    let found = CronCandidates(cron, from: start, through: end, limit: 500)
    #expect(found.times.count == 500)
    #expect(found.times.contains(end) && found.times.contains(end.adding(minutes: 1)))
    let listed = found.times.count { $0 >= start && $0 <= end }
    #expect(listed + found.dropped == 10 * 1440 + 1)
  }
}
