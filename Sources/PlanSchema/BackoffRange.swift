public import JSONText
public import YAMLTree

/// The shortest and the longest pause between attempts: `200ms..30s`.
public struct BackoffRange: ParameterValue, Hashable, Codable, CustomStringConvertible {
  public var lowest: TimeSpan
  public var highest: TimeSpan

  /// `nil` unless 0 < lowest <= highest.
  public init?(_ lowest: TimeSpan, _ highest: TimeSpan) {
    guard lowest > .zero, lowest <= highest else { return nil }
    self.lowest = lowest
    self.highest = highest
  }

  public var description: String { "\(lowest)..\(highest)" }

  public static var shape: Shape { .named("duration..duration", pattern: "^.+\\.\\..+$") }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> BackoffRange? {
    guard let text = report.text(node, wanted: "a range of durations") else { return nil }
    let hint = "for example 200ms..30s"
    guard let dots = text.firstRange(of: "..") else {
      report.error("value.range", "`\(text)` is not a range of durations", at: node.range, hint: hint)
      return nil
    }
    do {
      let lowest = try TimeSpan(parsing: String(text[..<dots.lowerBound]))
      let highest = try TimeSpan(parsing: String(text[dots.upperBound...]))
      if let range = BackoffRange(lowest, highest) { return range }
      report.error("value.range", "`\(text)` must rise from more than 0", at: node.range, hint: hint)
    } catch {
      report.error("value.duration", error.message, at: node.range, hint: error.hint)
    }
    return nil
  }

  public var json: JSON { .string(description) }
}

extension BackoffRange {
  /// What steps use when a plan says nothing.
  public static let standard = BackoffRange(lowest: .milliseconds(200), highest: .seconds(30))

  private init(lowest: TimeSpan, highest: TimeSpan) {
    self.lowest = lowest
    self.highest = highest
  }
}
