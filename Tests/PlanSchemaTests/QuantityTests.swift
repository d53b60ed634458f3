import JSONText
import PlanSchema
import Testing

@Suite struct QuantityTests {
  @Test(
    "durations are read and print their canonical form, which reads the same",
    arguments: [
      ("500ms", 500, "500ms"), ("2s", 2000, "2s"), ("10min", 600_000, "10min"), ("1h", 3_600_000, "1h"),
      ("7 days", 604_800_000, "7 days"), ("1 day", 86_400_000, "1 day"), ("24h", 86_400_000, "1 day"),
      ("90s", 90_000, "90s"), ("1.5s", 1500, "1500ms"), ("1h 30min", 5_400_000, "90min"),
      ("2 weeks", 1_209_600_000, "14 days"),
      ("0s", 0, "0s"), ("0.001 s", 1, "1ms"),
    ])
  func durations(_ text: String, _ milliseconds: Int64, _ canonical: String) throws {
    let span = try TimeSpan.read(json: .string(text))
    #expect(span.milliseconds == milliseconds)
    #expect(span.description == canonical)
    #expect(try TimeSpan(parsing: canonical) == span)
  }

  @Test(
    "what is no duration is refused with a reason",
    arguments: [
      ("5", "no unit"), ("-5s", "negative"), ("5 parsecs", "`parsecs` is not a unit"), ("", "not a duration"),
      ("1 month", "no fixed length"), ("1m", "minutes or months"), ("1.5.5s", "not a duration"),
      ("s", "not a duration"),
      ("99999999999999 days", "too large"), ("0.5ms", "finer"), ("١s", "not a duration"), ("5.s", "not a duration"),
      ("9223372036854775807ms 1ms", "too large"),
    ])
  func badDurations(_ text: String, _ reason: String) {
    let error = #expect(throws: TimeSpan.Malformed.self) { try TimeSpan(parsing: text) }
    #expect(error?.message.contains(reason) == true)
  }

  @Test(
    "sizes are multiples of 1024 and print their canonical form",
    arguments: [
      ("64MB", 64 << 20, "64MB"), ("50 GB", 50 << 30, "50GB"), ("1kB", 1024, "1kB"), ("1.5GB", 1536 << 20, "1536MB"),
      ("100B", 100, "100B"), ("0MB", 0, "0B"), ("2048TB", 2048 << 40, "2048TB"),
    ])
  func sizes(_ text: String, _ bytes: Int, _ canonical: String) throws {
    let size = try ByteSize.read(json: .string(text))
    #expect(size.bytes == Int64(bytes))
    #expect(size.description == canonical)
    #expect(try ByteSize(parsing: canonical) == size)
  }

  @Test(
    "what is no size is refused, with the size that was meant",
    arguments: [
      ("64", "no unit", nil), ("64mb", "`mb` is not", "64MB"), ("64KB", "`KB` is not", "64kB"),
      ("1GiB", "`GiB` is not", "1GB"), ("-1MB", "negative", nil), ("1MB 1kB", "not a size", nil),
      ("9999999999TB", "too large", nil), ("0.3B", "not a whole", nil),
    ] as [(String, String, String?)])
  func badSizes(_ text: String, _ reason: String, _ suggestion: String?) {
    let error = #expect(throws: ByteSize.Malformed.self) { try ByteSize(parsing: text) }
    #expect(error?.message.contains(reason) == true)
    #expect(error?.didYouMean == suggestion)
  }

  @Test(
    "intervals keep months, days and time apart",
    arguments: [
      ("1 month", CalendarInterval(months: 1), "1 month"), ("7 years", CalendarInterval(months: 84), "7 years"),
      ("3 months 2 days", CalendarInterval(months: 3, days: 2), "3 months 2 days"),
      ("1 week", CalendarInterval(days: 7), "7 days"), ("18 months", CalendarInterval(months: 18), "1 year 6 months"),
      ("36 hours", CalendarInterval(milliseconds: 129_600_000), "36 hours"),
      ("1 day 90 min", CalendarInterval(days: 1, milliseconds: 5_400_000), "1 day 1 hour 30 minutes"),
      ("1.5 years", CalendarInterval(months: 18), "1 year 6 months"),
    ])
  func intervals(_ text: String, _ expected: CalendarInterval, _ canonical: String) throws {
    let interval = try CalendarInterval.read(json: .string(text))
    #expect(interval == expected)
    #expect(interval.description == canonical)
    #expect(try CalendarInterval(parsing: canonical) == interval)
  }

  @Test(
    "what is no interval is refused with a reason",
    arguments: [
      ("1", "no unit"), ("-1 month", "negative"), ("1 month ago", "negative"), ("1 fortnight", "`fortnight`"),
      ("0.5 months", "fraction"), ("99999999999 years", "too large"), ("month", "not an interval"),
    ])
  func badIntervals(_ text: String, _ reason: String) {
    let error = #expect(throws: CalendarInterval.Malformed.self) { try CalendarInterval(parsing: text) }
    #expect(error?.message.contains(reason) == true)
  }

  @Test(
    "a range of pauses rises from more than zero",
    arguments: [
      ("200ms..30s", true), ("1s..1s", true), ("0s..1s", false), ("2s..1s", false), ("1s", false), ("..1s", false),
      ("1s..x", false),
    ])
  func backoff(_ text: String, _ isValid: Bool) throws {
    let range = try? BackoffRange.read(json: .string(text))
    #expect((range != nil) == isValid)
    if let range { #expect(range.description == text) }
  }
}
