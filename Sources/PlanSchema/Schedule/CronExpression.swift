package import JSONText
package import YAMLTree

/// When something recurs, as cron tables say it: five fields, each a set of numbers.
///
/// The rules are those of Vixie cron: lists, ranges, steps, names of months and days, 0 and 7 for Sunday, `@daily` and
/// its kin. Where both days are restricted, either may match; a field that begins with `*` is no restriction.
package struct CronExpression: ParameterValue, Hashable, CustomStringConvertible {
  /// As it was written, blanks made single.
  package let text: String
  package let minutes: NumberSet
  package let hours: NumberSet
  package let days: NumberSet
  package let months: NumberSet
  /// 0 is Sunday.
  package let weekdays: NumberSet
  /// The field of days, or that of weekdays, begins with `*`: then a date must be in both.
  package let needsBothDays: Bool

  /// What is wrong with a text as a cron expression.
  package struct Malformed: Error, Sendable, Hashable {
    package var message: String
    package var hint: String?
    package var didYouMean: String?
  }

  private static let named = [
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
  ]

  package init(parsing source: String) throws(Malformed) {
    let words = source.split { $0 == " " || $0 == "\t" }.map(String.init)
    text = words.joined(separator: " ")
    let fields = try Self.fields(words)
    minutes = try CronField.minute.set(fields[0])
    hours = try CronField.hour.set(fields[1])
    days = try CronField.day.set(fields[2])
    months = try CronField.month.set(fields[3])
    weekdays = try CronField.weekday.set(fields[4]).foldingSunday
    needsBothDays = fields[2].hasPrefix("*") || fields[4].hasPrefix("*")
    guard needsBothDays, !fields[2].hasPrefix("*"), !isPossible else { return }
    throw Malformed(message: "`\(text)` never happens: no month it names has such a day")
  }

  private static func fields(_ words: [String]) throws(Malformed) -> [String] {
    if let only = words.first, only.hasPrefix("@") {
      if words.count == 1, let meaning = named[only.lowercased()] {
        return meaning.split(separator: " ").map(String.init)
      }
      throw Malformed(
        message: "`\(words.joined(separator: " "))` is not a time", hint: only.lowercased() == "@reboot"
          ? "there is no reboot to wait for; write five fields" : nil,
        didYouMean: Spelling.nearest(to: only, in: named.keys.sorted()))
    }
    if words.count == 5 { return words }
    let hint = "minute, hour, day of month, month, day of week: for example 30 3 * * Mon-Fri"
    let seconds = words.count == 6 ? ": seconds cannot be given" : ""
    throw Malformed(message: "a cron time has five fields, not \(words.count)\(seconds)", hint: hint)
  }

  /// Some month has one of the days: February counts with 29.
  private var isPossible: Bool {
    let longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return months.numbers.contains { month in days.numbers.contains { $0 <= longest[month - 1] } }
  }

  package var description: String { text }

  package static var shape: Shape { .named("cron", pattern: "^(@[a-z]+|\\S+ \\S+ \\S+ \\S+ \\S+)$") }

  package static func read(_ node: Node, _ report: inout Diagnostics) -> CronExpression? {
    guard let text = report.text(node, wanted: "a cron time") else { return nil }
    do {
      return try CronExpression(parsing: text)
    } catch {
      report.error(
        "value.cron", error.message, at: node.range, hint: error.hint, didYouMean: error.didYouMean)
      return nil
    }
  }

  package var json: JSON { .string(text) }
}

/// Numbers from 0 to 63.
package struct NumberSet: Sendable, Hashable {
  private var bits: UInt64 = 0

  package init(_ numbers: some Sequence<Int> = []) { for number in numbers { insert(number) } }

  package mutating func insert(_ number: Int) { bits |= 1 << UInt64(number) }
  package func contains(_ number: Int) -> Bool { bits & (1 << UInt64(number)) != 0 }
  /// Ascending.
  package var numbers: [Int] { (0..<64).filter(contains) }

  /// The smallest that is not below `number`.
  package func first(from number: Int) -> Int? {
    guard number < 64 else { return nil }
    let rest = (bits >> UInt64(number)) << UInt64(number)
    return rest == 0 ? nil : rest.trailingZeroBitCount
  }

  /// 7 is Sunday as 0 is.
  var foldingSunday: NumberSet {
    var folded = self
    folded.bits = (bits | ((bits >> 7) & 1)) & 0x7F
    return folded
  }
}
