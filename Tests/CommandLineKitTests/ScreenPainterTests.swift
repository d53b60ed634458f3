import Testing

@testable import CommandLineKit

@Suite struct ScreenPainterTests {
  @Test("the second frame is drawn over the first")
  func overwrite() {
    var painter = ScreenPainter()
    #expect(painter.draw(["a", "b"], columns: 80) == "\u{1B}[?25l\ra\u{1B}[K\nb\u{1B}[K\n\u{1B}[J")
    #expect(painter.draw(["c"], columns: 80) == "\r\u{1B}[2Ac\u{1B}[K\n\u{1B}[J")
    #expect(painter.draw([], columns: 80) == "\r\u{1B}[1A\u{1B}[J")
  }

  @Test("lines wrapped by a terminal that became narrower are all cleared")
  func narrower() {
    var painter = ScreenPainter()
    _ = painter.draw([String(repeating: "x", count: 79), "short"], columns: 80)
    #expect(painter.draw(["y"], columns: 30).hasPrefix("\r\u{1B}[4A"))
  }

  @Test("a line that stays pushes the frame down")
  func printing() {
    var painter = ScreenPainter()
    _ = painter.draw(["a", "b"], columns: 80)
    #expect(painter.print(["note"], columns: 80) == "\r\u{1B}[2A\u{1B}[Jnote\n")
    #expect(painter.draw(["a"], columns: 80) == "\ra\u{1B}[K\n\u{1B}[J")
  }

  @Test("the cursor is given back once")
  func cursor() {
    var painter = ScreenPainter()
    #expect(painter.finish() == "")
    _ = painter.draw(["a"], columns: 80)
    #expect(painter.finish() == "\u{1B}[?25h")
    #expect(painter.finish() == "")
  }
}
