import JSONText
import OnlineDDL
import PluginAPI

/// How wide a range is: `1 month`, `1 week`, `6 hours`, or a number for integer keys.
enum PartitionWidth: ParameterValue, Hashable, Codable, CustomStringConvertible {
  case months(Int64), days(Int64), hours(Int64)
  case number(Int64)

  static var shape: Shape { .oneOf([CalendarInterval.shape, .integer]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> PartitionWidth? {
    if case .integer(let value) = node.resolved {
      if value > 0 { return .number(value) }
      report.error("partition.every", "a width is greater than zero", at: node.range)
      return nil
    }
    guard let interval = CalendarInterval.read(node, &report) else { return nil }
    guard let width = PartitionWidth(interval) else {
      report.error(
        "partition.every",
        "`\(interval)` is not one unit: months or years, days or weeks, or 1, 2, 3, 4, 6, 8 or 12 hours",
        at: node.range, hint: "for example 1 month, 1 week, 6 hours")
      return nil
    }
    return width
  }

  /// `nil`: mixed units, nothing, or hours that do not divide a day.
  init?(_ interval: CalendarInterval) {
    switch (interval.months, interval.days, interval.milliseconds) {
    case (let months, 0, 0) where months > 0: self = .months(months)
    case (0, let days, 0) where days > 0: self = .days(days)
    case (0, 0, 86_400_000): self = .days(1)
    case (0, 0, let time) where time > 0 && 86_400_000 % time == 0 && time % 3_600_000 == 0:
      self = .hours(time / 3_600_000)
    default: return nil
    }
  }

  var json: JSON {
    switch self {
    case .number(let value): .int(value)
    case .months, .days, .hours: .string(description)
    }
  }

  var description: String {
    switch self {
    case .months(let count): "\(CalendarInterval.months(count))"
    case .days(let count): "\(CalendarInterval.days(count))"
    case .hours(let count): "\(CalendarInterval(milliseconds: count * 3_600_000))"
    case .number(let count): "\(count)"
    }
  }

  /// Whether ranges of the key's type can be cut so; otherwise why not.
  func problem(for key: PartitionKey) -> String? {
    switch (self, key.kind) {
    case (_, .other): "\(key.column) is of type \(key.type): ranges are cut over dates, timestamps and integers"
    case (.number, _) where key.kind.isCalendar:
      "\(key.column) is of type \(key.type): its ranges are intervals, for example 1 month"
    case (.months, _) where key.kind.isNumber, (.days, _) where key.kind.isNumber, (.hours, _) where key.kind.isNumber:
      "\(key.column) is of type \(key.type): its ranges are numbers, for example 1000000"
    case (.hours, .date): "\(key.column) is a date: its ranges are whole days"
    default: nil
    }
  }
}
