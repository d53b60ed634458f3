import CommandLineKit
import RunModel

/// Instants as the journal's server prints them, in UTC.
enum Instant {
  /// Since 1970; `nil` for what is no instant.
  static func microseconds(_ text: String) -> Int64? {
    guard let minute = LocalTime(text) else { return nil }
    let fields = text.prefix { $0 != "+" }.split(separator: ":")
    guard fields.count >= 3, let seconds = Double(fields[2]) else { return nil }
    let whole = Int64(minute.day) * 86_400 + Int64(minute.minute) * 60
    return whole * 1_000_000 + Int64((seconds * 1_000_000).rounded())
  }

  /// To the second.
  static func short(_ text: String) -> String {
    text.prefix { $0 != "." && $0 != "+" }.replacing("T", with: " ") + "Z"
  }

  /// To the millisecond.
  static func precise(_ text: String) -> String {
    let parts = text.prefix { $0 != "+" }.split(separator: ".")
    guard let whole = parts.first else { return text }
    let fraction = parts.count > 1 ? String(parts[1].prefix(3)) : ""
    return "\(whole.replacing("T", with: " ")).\(fraction)\(String(repeating: "0", count: 3 - fraction.count))Z"
  }

  static func span(_ from: Int64, _ to: Int64) -> String { Humanised.duration(.microseconds(max(0, to - from))) }
  static func span(seconds: Double) -> String { Humanised.duration(.milliseconds(Int64(max(0, seconds) * 1_000))) }
}
