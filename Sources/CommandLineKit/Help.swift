extension CommandSpec {
  /// `caisson apply [ENVIRONMENT] [options]`
  package func usageLine(path: [String]) -> String {
    var words = [path.joined(separator: " ")]
    if isGroup { words.append("COMMAND") }
    words += arguments.map(\.usage)
    if !options.isEmpty || isGroup { words.append("[options]") }
    return words.joined(separator: " ")
  }

  /// The help page, wrapped to `width` columns.
  package func help(path: [String], width: Int = 80, palette: Palette = .plain) -> String {
    let width = min(max(width, 40), 100)
    var blocks = [
      TextWrap.wrap("\(palette(path.joined(separator: " "), .bold)): \(summary)", width: width),
      TextWrap.wrap("usage: \(usageLine(path: path))", width: width, hanging: 7),
    ]
    blocks += TextWrap.paragraphs(discussion, width: width)
    if isGroup { blocks += commandBlocks(width, palette) }
    blocks.append(pairs("arguments", arguments.map { ($0.usage, $0.summary) }, width, palette))
    blocks.append(pairs("options", optionRows, width, palette))
    blocks.append(exampleLines(width, palette))
    if isGroup { blocks.append(["'\(path.joined(separator: " ")) COMMAND --help' explains a command."]) }
    return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  private func commandBlocks(_ width: Int, _ palette: Palette) -> [[String]] {
    var sections: [String] = []
    for section in subcommands.map(\.section) where !sections.contains(section) { sections.append(section) }
    let column = subcommands.map(\.name.count).max() ?? 0
    return [
      sections.flatMap { section in
        pairs(
          section, subcommands.filter { $0.section == section }.map { ($0.name, $0.summary) }, width, palette,
          column: column)
      }
    ]
  }

  private var optionRows: [(String, String)] {
    guard !isGroup else { return [] }
    let rows = options.map { option in
      (
        (option.short.map { "-\($0), " } ?? "    ") + option.usage,
        option.summary + (option.fallback.map { " [\($0)]" } ?? "") + (option.repeatable ? " (repeatable)" : "")
      )
    }
    return rows + [("-h, --help", "show this page")]
  }

  private func exampleLines(_ width: Int, _ palette: Palette) -> [String] {
    guard !examples.isEmpty else { return [] }
    return [palette("examples:", .bold)]
      + examples.flatMap { example in
        ["  \(example.command)"] + TextWrap.wrap(example.meaning, width: width, indent: 6)
      }
  }

  private func pairs(
    _ heading: String, _ rows: [(String, String)], _ width: Int, _ palette: Palette, column: Int? = nil
  ) -> [String] {
    guard !rows.isEmpty else { return [] }
    let column = min(column ?? rows.map(\.0.count).max() ?? 0, width / 2 - 4)
    return [palette("\(heading):", .bold)]
      + rows.flatMap { name, meaning in
        let body = TextWrap.wrap(meaning, width: width, indent: column + 4)
        guard name.count <= column, let first = body.first else { return ["  \(name)"] + body }
        return ["  \(DisplayText.pad(name, to: column))  \(first.drop { $0 == " " })"] + body.dropFirst()
      }
  }
}
