public import JSONText
public import YAMLTree

/// A stretch of the week by a clock of its own zone: `Mon-Fri 01:00-05:00 Europe/Paris`. Which instants those are, the
/// server says. An end that is not after its beginning is of the next day; days are those of the beginning.
public struct TimeWindow: ParameterValue, Hashable, CustomStringConvertible {
  /// 0 is Sunday.
  package let days: Set<Int>
  /// Minutes since midnight.
  package let from: Int
  /// Up to 1440; on the next day when it is not after `from`.
  package let to: Int
  package let zone: TimeZoneName
  public let description: String

  package var passesMidnight: Bool { to <= from }

  public static var shape: Shape {
    .named("window", pattern: "^([A-Za-z,-]+ )?[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2} [A-Za-z0-9_/+-]+$")
  }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> TimeWindow? {
    guard let text = report.text(node, wanted: "a window") else { return nil }
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 2 || words.count == 3, let zone = zone(words[words.count - 1], node, &report) else {
      if words.count != 2, words.count != 3 { malformed(text, node, &report) }
      return nil
    }
    guard let hours = hours(words[words.count - 2]), let days = words.count == 3 ? days(words[0]) : Set(0...6) else {
      malformed(text, node, &report)
      return nil
    }
    return TimeWindow(
      days: days, from: hours.from, to: hours.to, zone: zone, description: words.joined(separator: " "))
  }

  public var json: JSON { .string(description) }

  private static func malformed(_ text: String, _ node: Node, _ report: inout Diagnostics) {
    report.error(
      "value.window", "`\(text)` is not a window", at: node.range,
      hint: "days, hours and a zone, for example Mon-Fri 01:00-05:00 Europe/Paris, or 22:00-04:00 UTC")
  }

  /// A clock without a zone is nobody's: what stands in its place is said to be none.
  private static func zone(_ word: String, _ node: Node, _ report: inout Diagnostics) -> TimeZoneName? {
    TimeZoneName.read(Node(.scalar(word, .plain), range: node.range), &report)
  }

  private static func hours(_ text: String) -> (from: Int, to: Int)? {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(minutes)
    guard ends.count == 2, let from = ends[0], let to = ends[1], from < 1440, from != to else { return nil }
    return (from, to)
  }

  private static func minutes(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].count == 2, parts.allSatisfy({ $0.allSatisfy(\.isNumber) && $0.count <= 2 }),
      let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= 1440
    else { return nil }
    return hour * 60 + minute
  }

  private static let names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

  /// `Mon-Fri`, `Sat,Sun`, `Fri-Mon`.
  private static func days(_ text: String) -> Set<Int>? {
    var days: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { names.firstIndex(of: $0.lowercased()) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else { return nil }
      for step in 0...((last - first + 7) % 7) { days.insert((first + step) % 7) }
    }
    return days
  }
}

/// One window, or several.
package struct TimeWindows: ParameterValue, Hashable {
  package var all: [TimeWindow]

  package init(all: [TimeWindow]) { self.all = all }

  package static var shape: Shape { .oneOf([TimeWindow.shape, .list(TimeWindow.shape)]) }

  package static func read(_ node: Node, _ report: inout Diagnostics) -> TimeWindows? {
    if case .sequence = node.kind { return [TimeWindow].read(node, &report).map { TimeWindows(all: $0) } }
    return TimeWindow.read(node, &report).map { TimeWindows(all: [$0]) }
  }

  package var json: JSON { all.json }
}
