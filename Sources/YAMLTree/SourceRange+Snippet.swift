extension SourceRange {
  /// The line the range starts in, with carets under it; empty when `source` has no such line.
  ///
  ///      12 |     tabel: public.orders
  ///         |     ^^^^^
  public func snippet(_ source: String) -> String {
    guard !isNowhere, let line = SourceRange.line(start.line, of: source) else { return "" }
    let number = String(start.line)
    let gutter = String(repeating: " ", count: number.count)
    let first = max(0, start.column - 1 - SourceRange.context)
    let shown = line.dropFirst(first).prefix(SourceRange.width)
    let before = shown.prefix(start.column - 1 - first)
    let pad = String(String.UnicodeScalarView(before.map { $0 == "\t" ? "\t" : " " }))
    let length = end.line == start.line ? end.column - start.column : line.count - start.column + 1
    let carets = String(repeating: "^", count: max(1, min(length, shown.count - before.count)))
    let lead = first > 0 ? "…" : ""
    let leadPad = first > 0 ? " " : ""
    return " \(number) | \(lead)\(String(String.UnicodeScalarView(shown)))\n \(gutter) | \(leadPad)\(pad)\(carets)"
  }

  /// Characters of a long line shown before the mark, and in all.
  private static let context = 60
  private static let width = 120

  private static func line(_ wanted: Int, of source: String) -> Substring.UnicodeScalarView? {
    var rest = source.unicodeScalars[...]
    var number = 1
    while true {
      let line = rest.prefix { $0 != "\n" && $0 != "\r" }
      if number == wanted { return line }
      rest = rest[line.endIndex...]
      guard let end = rest.popFirst() else { return nil }
      if end == "\r", rest.first == "\n" { rest.removeFirst() }
      number += 1
    }
  }
}
