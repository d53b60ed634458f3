/// Quantities as a person reads them in a progress line or a table.
package enum Humanised {
  /// `340ms`, `2.5s`, `48s`, `2m 14s`, `3h 05m`, `2d 4h`
  package static func duration(_ duration: Duration) -> String {
    let milliseconds = max(0, Self.milliseconds(duration))
    let seconds = milliseconds / 1000
    switch seconds {
    case 0: return "\(milliseconds)ms"
    case ..<10: return "\(decimal(Double(milliseconds) / 1000))s"
    case ..<60: return "\(seconds)s"
    case ..<3600: return "\(seconds / 60)m \(twoDigits(seconds % 60))s"
    case ..<86_400: return "\(seconds / 3600)h \(twoDigits(seconds / 60 % 60))m"
    default: return "\(seconds / 86_400)d \(seconds / 3600 % 24)h"
    }
  }

  /// Whole milliseconds, exactly: dividing durations goes through a Double that falls short.
  static func milliseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    return seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds / 1_000_000_000_000_000
  }

  /// `512 bytes`, `8 kB`, `1.3 GB`: powers of 1024 with PostgreSQL's names.
  package static func bytes(_ count: Int64) -> String {
    var value = Double(count), unit = "bytes"
    for larger in ["kB", "MB", "GB", "TB", "PB"] where value.magnitude >= 1024 {
      value /= 1024
      unit = larger
    }
    return unit == "bytes" ? "\(count) bytes" : "\(decimal(value)) \(unit)"
  }

  /// `1,204,000`
  package static func count(_ count: Int64) -> String {
    let digits = Array("\(count.magnitude)".utf8)
    var text = count < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.unicodeScalars.append(Unicode.Scalar(digit))
    }
    return text
  }

  /// `45 %`; never 100 % before the end.
  package static func percent(_ fraction: Double) -> String {
    guard fraction.isFinite else { return "0%" }
    return "\(Int(max(0, min(1, fraction)) * 100))%"
  }

  /// One decimal below 10, none above.
  static func decimal(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    if value.magnitude >= 10 { return "\(Int64(value.rounded()))" }
    let tenths = Int64((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
  }

  private static func twoDigits(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
