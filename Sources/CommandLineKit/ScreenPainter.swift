/// Turns frames into the escape sequences that redraw them in place; knows what is on the screen, writes nothing.
struct ScreenPainter {
  private var widths: [Int] = []
  private var isCursorHidden = false

  /// Draws the frame over the previous one.
  mutating func draw(_ lines: [String], columns: Int) -> String {
    var text = isCursorHidden ? "" : "\u{1B}[?25l"
    isCursorHidden = true
    text += home(columns)
    for line in lines { text += line + "\u{1B}[K\n" }
    text += "\u{1B}[J"
    widths = lines.map(DisplayText.width)
    return text
  }

  /// Prints lines that stay, and forgets the frame: the next one is drawn below.
  mutating func print(_ lines: [String], columns: Int) -> String {
    let text = home(columns) + "\u{1B}[J" + lines.map { $0 + "\n" }.joined()
    widths = []
    return text
  }

  /// Leaves the frame standing and gives the cursor back.
  mutating func finish() -> String {
    defer { (widths, isCursorHidden) = ([], false) }
    return isCursorHidden ? "\u{1B}[?25h" : ""
  }

  /// To the first column of the first line drawn. A terminal that became narrower has wrapped the old lines.
  private func home(_ columns: Int) -> String {
    let rows = widths.reduce(0) { $0 + max(1, ($1 + columns - 1) / max(1, columns)) }
    return rows > 0 ? "\r\u{1B}[\(rows)A" : "\r"
  }
}
