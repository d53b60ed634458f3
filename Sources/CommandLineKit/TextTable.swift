/// Rows in aligned columns, for a person.
package struct TextTable: Sendable {
  /// A column's heading and how its cells are set.
  package struct Column: Sendable {
    package var title: String
    package var isRight: Bool
    /// Whether the column gives way when the table is wider than the terminal.
    package var shrinks: Bool

    /// A column of text.
    package static func left(_ title: String, shrinks: Bool = false) -> Column {
      Column(title: title, isRight: false, shrinks: shrinks)
    }

    /// A column of numbers.
    package static func right(_ title: String) -> Column { Column(title: title, isRight: true, shrinks: false) }
  }

  private let columns: [Column]
  private var rows: [(cells: [String], styles: [Style?])] = []

  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row, each cell in its style; missing cells are empty.
  package mutating func add(_ cells: [String], styles: [Style?] = []) {
    let clean = columns.indices.map { $0 < cells.count ? DisplayText.singleLine(cells[$0]) : "" }
    rows.append((clean, columns.indices.map { $0 < styles.count ? styles[$0] : nil }))
  }

  /// Lines without trailing spaces, the headings first; no wider than `width` where shrinking columns allow it.
  package func lines(width: Int? = nil, palette: Palette = .plain) -> [String] {
    let widths = fitted(to: width)
    let bold = columns.map { _ in Style.bold as Style? }
    return ([(columns.map(\.title), bold)] + rows).map { line($0, $1, widths, palette) }
  }

  private func line(_ cells: [String], _ styles: [Style?], _ widths: [Int], _ palette: Palette) -> String {
    let last = cells.lastIndex { !$0.isEmpty } ?? 0
    return columns.indices.prefix(last + 1).map { index in
      let text = DisplayText.truncate(cells[index], to: widths[index])
      let space = String(repeating: " ", count: max(0, widths[index] - DisplayText.width(text)))
      let shown = styles[index].map { palette(text, $0) } ?? text
      return columns[index].isRight ? space + shown : index == last ? shown : shown + space
    }.joined(separator: "  ")
  }

  private func fitted(to width: Int?) -> [Int] {
    var widths = columns.indices.map { index in
      ([columns[index].title] + rows.map { $0.cells[index] }).map(DisplayText.width).max() ?? 0
    }
    guard let width else { return widths }
    let gaps = 2 * max(0, columns.count - 1)
    for index in columns.indices.reversed() where columns[index].shrinks {
      let excess = widths.reduce(gaps, +) - width
      if excess > 0 { widths[index] = max(8, widths[index] - excess) }
    }
    return widths
  }
}
