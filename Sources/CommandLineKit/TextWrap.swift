/// Breaks prose at spaces.
package enum TextWrap {
  /// The text as lines of at most `width` columns, each indented, all but the first by `hanging` more;
  /// a longer word gets a line of its own.
  package static func wrap(_ text: String, width: Int, indent: Int = 0, hanging: Int = 0) -> [String] {
    var margin = String(repeating: " ", count: indent)
    var lines: [String] = [], line = "", used = 0
    for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
      let size = DisplayText.width(String(word))
      if used > 0, margin.count + used + 1 + size > width {
        lines.append(margin + line)
        (line, used) = ("", 0)
        margin = String(repeating: " ", count: indent + hanging)
      }
      line += used == 0 ? "\(word)" : " \(word)"
      used += size + (used == 0 ? 0 : 1)
    }
    return used > 0 ? lines + [margin + line] : lines
  }

  /// Paragraphs separated by blank lines, each wrapped; lines that start with two spaces stay as they are.
  static func paragraphs(_ text: String, width: Int) -> [[String]] {
    var blocks: [[Substring]] = [[]]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty { blocks.append([]) } else { blocks[blocks.count - 1].append(line) }
    }
    return blocks.filter { !$0.isEmpty }.map { lines in
      lines.allSatisfy { $0.hasPrefix("  ") }
        ? lines.map(String.init) : wrap(lines.joined(separator: " "), width: width)
    }
  }
}
