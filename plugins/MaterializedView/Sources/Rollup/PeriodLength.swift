import JSONText
import PlanSchema
import PluginAPI

/// How long a period is: `1 month`, `1 week`, `6 hours`.
enum PeriodLength: ParameterValue, Hashable {
  case months(Int64), days(Int64), hours(Int64)

  static var shape: Shape { CalendarInterval.shape }

  static func read(_ node: Node, _ report: inout Diagnostics) -> PeriodLength? {
    guard let interval = CalendarInterval.read(node, &report) else { return nil }
    guard let length = PeriodLength(interval) else {
      report.error(
        "rollup.period",
        "`\(interval)` is not one unit: months or years, days or weeks, or 1, 2, 3, 4, 6, 8 or 12 hours",
        at: node.range, hint: "for example 1 month, 1 week, 6 hours")
      return nil
    }
    return length
  }

  private init?(_ interval: CalendarInterval) {
    switch (interval.months, interval.days, interval.milliseconds) {
    case (let months, 0, 0) where months > 0: self = .months(months)
    case (0, let days, 0) where days > 0: self = .days(days)
    case (0, 0, let time) where time > 0 && 86_400_000 % time == 0 && time % 3_600_000 == 0:
      self = .hours(time / 3_600_000)
    default: return nil
    }
  }

  var json: JSON { .string(interval) }

  /// PostgreSQL reads it as it stands.
  var interval: String {
    switch self {
    case .months(let count): "\(CalendarInterval.months(count))"
    case .days(let count): "\(CalendarInterval.days(count))"
    case .hours(let count): "\(CalendarInterval(milliseconds: count * 3_600_000))"
    }
  }

  /// Where the period of a wall-clock time begins. Weeks begin on Monday, several months with the year.
  func start(of local: String) -> String {
    switch self {
    case .months(let count):
      """
      (date_trunc('month', \(local)) - mod(mod((extract(year FROM \(local)) * 12 + extract(month FROM \(local)))::int8 - 1, \
      \(count)) + \(count), \(count)) * interval '1 month')
      """
    case .days, .hours: "date_bin(interval '\(interval)', \(local), timestamp '2001-01-01')"
    }
  }
}
