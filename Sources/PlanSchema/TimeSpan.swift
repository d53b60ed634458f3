public import JSONText
public import YAMLTree

/// A length of time of fixed length, to the millisecond: `500ms`, `2s`, `10min`, `1h`, `7 days`.
public struct TimeSpan: ParameterValue, Hashable, Comparable, CustomStringConvertible {
  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public static let zero = TimeSpan(milliseconds: 0)
  public static func milliseconds(_ count: Int64) -> TimeSpan { TimeSpan(milliseconds: count) }
  public static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(milliseconds: count * 1000) }
  public static func minutes(_ count: Int64) -> TimeSpan { .seconds(count * 60) }
  public static func hours(_ count: Int64) -> TimeSpan { .minutes(count * 60) }
  public static func days(_ count: Int64) -> TimeSpan { .hours(count * 24) }

  public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.milliseconds < b.milliseconds }

  public var duration: Duration { .milliseconds(milliseconds) }
  public var seconds: Double { Double(milliseconds) / 1000 }

  private static let units: [(names: [Substring], milliseconds: Int64)] = [
    (["ms", "millisecond", "milliseconds"], 1),
    (["s", "sec", "secs", "second", "seconds"], 1000),
    (["min", "mins", "minute", "minutes"], 60_000),
    (["h", "hr", "hrs", "hour", "hours"], 3_600_000),
    (["d", "day", "days"], 86_400_000),
    (["week", "weeks"], 604_800_000),
  ]

  /// What is wrong with a text as a time span.
  public struct Malformed: Error, Sendable, Hashable {
    public let message: String
    public let hint: String
  }

  public init(parsing text: String) throws(Malformed) {
    let example = "for example 500ms, 30s, 10min, 1h, 7 days"
    if text.hasPrefix("-") { throw Malformed(message: "`\(text)` is negative", hint: example) }
    guard let parts = Quantity.parse(text) else {
      throw Malformed(message: "`\(text)` is not a duration", hint: example)
    }
    var terms: [Int64?] = []
    for part in parts {
      guard let unit = TimeSpan.units.first(where: { $0.names.contains(part.unit) }) else {
        throw TimeSpan.unknownUnit(part.unit, in: text)
      }
      terms.append(part.times(unit.milliseconds))
    }
    guard let sum = terms.checkedSum else {
      throw Malformed(message: "`\(text)` is too large, or finer than a millisecond", hint: example)
    }
    milliseconds = sum
  }

  private static func unknownUnit(_ unit: Substring, in text: String) -> Malformed {
    let names = "units are ms, s, min, h, days, weeks"
    switch unit {
    case "": return Malformed(message: "`\(text)` has no unit", hint: names)
    case "month", "months", "mon", "mons", "year", "years":
      return Malformed(message: "a \(unit) has no fixed length", hint: "write days here; " + names)
    case "m": return Malformed(message: "`m` may mean minutes or months", hint: "write min; " + names)
    default: return Malformed(message: "`\(unit)` is not a unit of time", hint: names)
    }
  }

  public var description: String {
    let scale: [(Int64, String)] = [(86_400_000, ""), (3_600_000, "h"), (60_000, "min"), (1000, "s")]
    if milliseconds == 0 { return "0s" }
    for (size, unit) in scale where milliseconds % size == 0 {
      let count = milliseconds / size
      return unit.isEmpty ? "\(count) day\(count == 1 ? "" : "s")" : "\(count)\(unit)"
    }
    return "\(milliseconds)ms"
  }

  public static var shape: Shape {
    .named("duration", pattern: "^[0-9.]+ ?[a-z]+( ?[0-9.]+ ?[a-z]+)*$")
  }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> TimeSpan? {
    guard let text = report.text(node, wanted: "a duration") else { return nil }
    do {
      return try TimeSpan(parsing: text)
    } catch {
      report.error("value.duration", error.message, at: node.range, hint: error.hint)
      return nil
    }
  }

  public var json: JSON { .string(description) }
}
