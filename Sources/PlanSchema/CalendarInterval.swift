public import JSONText
public import YAMLTree

/// An interval of the calendar, as PostgreSQL keeps it: months, days and time never convert into each other.
public struct CalendarInterval: ParameterValue, Hashable, CustomStringConvertible {
  public var months: Int64
  public var days: Int64
  public var milliseconds: Int64

  public init(months: Int64 = 0, days: Int64 = 0, milliseconds: Int64 = 0) {
    self.months = months
    self.days = days
    self.milliseconds = milliseconds
  }

  public static func months(_ count: Int64) -> CalendarInterval { CalendarInterval(months: count) }
  public static func years(_ count: Int64) -> CalendarInterval { CalendarInterval(months: count * 12) }
  public static func days(_ count: Int64) -> CalendarInterval { CalendarInterval(days: count) }

  public var isZero: Bool { months == 0 && days == 0 && milliseconds == 0 }

  private enum Part { case months, days, milliseconds }

  private static let units: [(names: [Substring], part: Part, size: Int64)] = [
    (["year", "years", "y"], .months, 12),
    (["month", "months", "mon", "mons"], .months, 1),
    (["week", "weeks", "w"], .days, 7),
    (["day", "days", "d"], .days, 1),
    (["hour", "hours", "h"], .milliseconds, 3_600_000),
    (["minute", "minutes", "min", "mins"], .milliseconds, 60_000),
    (["second", "seconds", "s", "sec", "secs"], .milliseconds, 1000),
    (["millisecond", "milliseconds", "ms"], .milliseconds, 1),
  ]

  /// What is wrong with a text as an interval.
  public struct Malformed: Error, Sendable, Hashable {
    public let message: String
    public let hint: String
  }

  public init(parsing text: String) throws(Malformed) {
    let hint = "for example 1 month, 7 years, 3 months 2 days"
    if text.contains("-") || text.hasSuffix(" ago") {
      throw Malformed(message: "`\(text)` is negative or not an interval", hint: hint)
    }
    guard let quantities = Quantity.parse(text) else {
      throw Malformed(message: "`\(text)` is not an interval", hint: hint)
    }
    var terms: [Part: [Int64?]] = [:]
    for quantity in quantities {
      guard let unit = CalendarInterval.units.first(where: { $0.names.contains(quantity.unit) }) else {
        let message =
          quantity.unit.isEmpty ? "`\(text)` has no unit" : "`\(quantity.unit)` is not a unit of an interval"
        throw Malformed(message: message, hint: hint)
      }
      terms[unit.part, default: []].append(quantity.times(unit.size))
    }
    guard let months = (terms[.months] ?? []).checkedSum, let days = (terms[.days] ?? []).checkedSum,
      let milliseconds = (terms[.milliseconds] ?? []).checkedSum, max(months, days) <= Int64(Int32.max)
    else { throw Malformed(message: "`\(text)` is too large, or has a fraction that does not fit", hint: hint) }
    self.init(months: months, days: days, milliseconds: milliseconds)
  }

  /// PostgreSQL reads it as it stands.
  public var description: String {
    var parts: [String] = []
    func add(_ count: Int64, _ unit: String) {
      if count != 0 { parts.append("\(count) \(unit)\(count == 1 ? "" : "s")") }
    }
    add(months / 12, "year")
    add(months % 12, "month")
    add(days, "day")
    add(milliseconds / 3_600_000, "hour")
    add(milliseconds / 60_000 % 60, "minute")
    add(milliseconds / 1000 % 60, "second")
    add(milliseconds % 1000, "millisecond")
    return parts.isEmpty ? "0 days" : parts.joined(separator: " ")
  }

  public static var shape: Shape { .named("interval", pattern: "^[0-9.]+ ?[a-z]+( ?[0-9.]+ ?[a-z]+)*$") }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> CalendarInterval? {
    guard let text = report.text(node, wanted: "an interval") else { return nil }
    do {
      return try CalendarInterval(parsing: text)
    } catch {
      report.error("value.interval", error.message, at: node.range, hint: error.hint)
      return nil
    }
  }

  public var json: JSON { .string(description) }
}
