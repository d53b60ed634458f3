import Testing

@testable import Report

@Suite struct DrawingTests {
  @Test("text that enters markup stays text", arguments: [
    ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"), ("\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;"),
    ("a\u{0}b\u{1B}[31m", "a\u{FFFD}b\u{FFFD}[31m"), ("user\u{202E}nimda", "user⟨U+202E⟩nimda"), ("Grüße, 世界", "Grüße, 世界"),
  ])
  func escaping(text: String, written: String) {
    let markup: Markup = "<p title=\"\(text)\">\(text)</p>"
    #expect(markup.text == "<p title=\"\(written)\">\(written)</p>")
  }

  @Test("hashes of a policy are written as RFC 4648 has them", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")])
  func base64(text: String, written: String) { #expect(ContentSecurity.base64(Array(text.utf8)) == written) }

  @Test("instants of the journal are read to the microsecond")
  func instants() {
    #expect(Instant.microseconds("1970-01-02 00:00:01.5+00") == 86_401_500_000)
    #expect(Instant.microseconds("2026-11-21 18:36:45+00") == 1_795_286_205_000_000)
    #expect(Instant.microseconds("never") == nil)
    #expect(Instant.short("2026-11-21T18:36:45.123456+00:00") == "2026-11-21 18:36:45Z")
  }

  @Test("a day in which nothing was at work is drawn short, and the work around it is seen")
  func gaps() throws {
    let minute: Int64 = 60_000_000, day = 1_440 * minute
    let axis = TimeAxis(from: 0, to: day + 2 * minute, busy: [(0, minute), (day + minute, day + 2 * minute)], width: 800)
    let gap = try #require(axis.stretches.first { $0.isGap })
    #expect(gap.from == minute && gap.to == day + minute && axis.stretches.count { $0.isGap } == 1)
    #expect(axis.x(minute) > 300 && axis.x(day + 2 * minute) - axis.x(day + minute) > 300)
    #expect(abs(axis.width - 800) < 1)
  }

  @Test("an axis keeps the order of instants, has ticks that do not touch, and stands a run of no length", arguments: [
    Int64(0), 1, 50_000, 7_000_000, 4_000_000_000, 90_000_000_000, 8_000_000_000_000,
  ])
  func axis(length: Int64) {
    let axis = TimeAxis(from: 1_000, to: 1_000 + length, busy: [(1_000, 1_000 + length)], width: 800)
    let places = (0...20).map { axis.x(1_000 + length * $0 / 20) }
    #expect(places == places.sorted() && places.allSatisfy { $0.isFinite && $0 >= 0 && $0 <= 801 })
    let ticks = axis.ticks.map(\.x)
    #expect(!ticks.isEmpty && zip(ticks, ticks.dropFirst()).allSatisfy { $1 - $0 >= 40 } && ticks.count <= 21)
  }
}
