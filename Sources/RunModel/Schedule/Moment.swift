/// An instant of the server's clock, in microseconds since 1970.
package struct Moment: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  package static func < (a: Moment, b: Moment) -> Bool { a.microseconds < b.microseconds }

  /// The time from one to the other.
  package static func - (a: Moment, b: Moment) -> Duration { .microseconds(a.microseconds - b.microseconds) }
  package static func + (a: Moment, b: Duration) -> Moment {
    let (seconds, attoseconds) = b.components
    return Moment(microseconds: a.microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
  }

  /// To the second, in UTC.
  package var description: String {
    let seconds = microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000
    let minutes = seconds >= 0 ? seconds / 60 : (seconds - 59) / 60
    let rest = seconds - minutes * 60
    let time = LocalTime(day: 0, minute: 0).adding(minutes: Int(minutes))
    return "\(time):\(rest < 10 ? "0" : "")\(rest)Z"
  }
}
