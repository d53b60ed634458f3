import Testing

@testable import CommandLineKit

@Suite struct TextTests {
  @Test("durations read as a person says them", arguments: [
    (0, "0ms"), (340, "340ms"), (1000, "1s"), (2450, "2.5s"), (48_900, "48s"), (134_000, "2m 14s"),
    (62_000, "1m 02s"), (11_100_000, "3h 05m"), (187_200_000, "2d 4h"), (-5, "0ms"),
  ])
  func durations(milliseconds: Int, text: String) {
    #expect(Humanised.duration(.milliseconds(milliseconds)) == text)
  }

  @Test("sizes have PostgreSQL's units", arguments: [
    (0, "0 bytes"), (1023, "1023 bytes"), (8192, "8 kB"), (1_395_864_371, "1.3 GB"), (5_368_709_120, "5 GB"),
    (Int64.max, "8192 PB"),
  ])
  func sizes(bytes: Int64, text: String) {
    #expect(Humanised.bytes(bytes) == text)
  }

  @Test("counts are grouped by thousands", arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (1_204_000, "1,204,000"), (-12_345, "-12,345"),
    (Int64.min, "-9,223,372,036,854,775,808"),
  ])
  func counts(count: Int64, text: String) {
    #expect(Humanised.count(count) == text)
  }

  @Test("nothing is 100 % before it is finished", arguments: [(0.999, "99%"), (1.0, "100%"), (-1, "0%"), (.nan, "0%")])
  func percent(fraction: Double, text: String) {
    #expect(Humanised.percent(fraction) == text)
  }

  @Test("text is measured in columns", arguments: [
    ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("👍", 2), ("\u{1B}[31mred\u{1B}[0m", 3), ("", 0),
  ])
  func width(text: String, columns: Int) {
    #expect(DisplayText.width(text) == columns)
  }

  @Test("cut text fits and shows that it was cut", arguments: [
    ("abcdef", 6, "abcdef"), ("abcdefg", 6, "abcde…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("ab", 1, "…"),
  ])
  func truncation(text: String, columns: Int, cut: String) {
    #expect(DisplayText.truncate(text, to: columns) == cut)
  }

  @Test("names from a database cannot steer the terminal")
  func controls() {
    #expect(DisplayText.singleLine("a\u{1B}[2Jb\nc\u{9B}d") == "a [2Jb c d")
  }

  @Test("a table aligns its columns and leaves no trailing space")
  func table() {
    var table = TextTable([.left("step"), .left("state"), .right("rows"), .left("note", shrinks: true)])
    table.add(["audit-indexes", "done", "1,204,000"])
    table.add(["b", "running", "3", "waiting for pid 123 of user app"])
    #expect(
      table.lines(width: 60) == [
        "step           state         rows  note",
        "audit-indexes  done     1,204,000",
        "b              running          3  waiting for pid 123 of u…",
      ])
  }

  @Test("styled cells keep their columns")
  func styledTable() {
    var table = TextTable([.left("a"), .right("b")])
    table.add(["x", "22"], styles: [.red, .green])
    let lines = table.lines(palette: Palette(enabled: true))
    #expect(lines == ["\u{1B}[1ma\u{1B}[0m   \u{1B}[1mb\u{1B}[0m", "\u{1B}[31mx\u{1B}[0m  \u{1B}[32m22\u{1B}[0m"])
  }

  @Test("colour and redrawing depend on the terminal and its environment", arguments: [
    (true, ["TERM": "xterm"], true, true), (true, ["TERM": "xterm", "NO_COLOR": "1"], true, false),
    (true, ["TERM": "xterm", "NO_COLOR": ""], true, true), (true, ["TERM": "dumb"], false, false),
    (true, [:], false, false), (false, ["TERM": "xterm"], false, false),
  ])
  func terminal(isTerminal: Bool, environment: [String: String], capable: Bool, coloured: Bool) {
    let terminal = Terminal(descriptor: 1, isTerminal: isTerminal) { environment[$0] }
    #expect(terminal.isCapable == capable)
    #expect(terminal.palette.enabled == coloured)
  }

  @Test("the locale says whether characters beyond ASCII can be shown", arguments: [
    (["LANG": "de_CH.UTF-8"], true), (["LANG": "C.utf8"], true), (["LANG": "C"], false), ([:], false),
    (["LANG": "C.UTF-8", "LC_ALL": "POSIX"], false), (["LC_ALL": "", "LANG": "C.UTF-8"], true),
  ])
  func locale(environment: [String: String], utf8: Bool) {
    #expect(Terminal(descriptor: 1, isTerminal: true) { environment[$0] }.hasUTF8 == utf8)
  }

  @Test("a confirmation accepts what it asks for and nothing else", arguments: [
    (ConfirmationPrompt.Accepts.yes, "y", true), (.yes, " YES ", true), (.yes, "", false), (.yes, "yess", false),
    (.word("production"), "production", true), (.word("production"), "y", false),
  ])
  func confirmation(accepts: ConfirmationPrompt.Accepts, answer: String, accepted: Bool) {
    #expect(ConfirmationPrompt("Go on?", accepts: accepts).isAccepted(answer) == accepted)
  }

  @Test("a question answered beforehand is not asked")
  func answered() async throws {
    #expect(try await ConfirmationPrompt("Go on?").ask(answeredYes: true))
  }
}
