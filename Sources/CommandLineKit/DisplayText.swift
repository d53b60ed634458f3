/// Text measured in terminal columns.
package enum DisplayText {
  /// Columns the text takes: escape sequences none, East Asian wide characters and emoji two.
  package static func width(_ text: String) -> Int {
    var total = 0, rest = text[...]
    while let character = rest.first {
      if character == "\u{1B}" {
        rest = rest.drop { $0 != "m" }.dropFirst()
        continue
      }
      total += width(of: character)
      rest = rest.dropFirst()
    }
    return total
  }

  /// The text cut to `limit` columns, with an ellipsis where something is missing.
  package static func truncate(_ text: String, to limit: Int, ellipsis: String = "…") -> String {
    guard width(text) > limit else { return text }
    let mark = width(ellipsis) <= limit ? ellipsis : ""
    let room = limit - width(mark)
    var kept = "", used = 0
    for character in text {
      let size = width(of: character)
      if used + size > room { break }
      kept.append(character)
      used += size
    }
    return kept + mark
  }

  /// The text filled with spaces to `columns`.
  package static func pad(_ text: String, to columns: Int, right: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, columns - width(text)))
    return right ? space + text : text + space
  }

  /// The text without line breaks and control characters: names come from databases and must not steer a terminal.
  package static func singleLine(_ text: String) -> String {
    let isControl = { (scalar: Unicode.Scalar) in scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var clean = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { clean.append(isControl(scalar) ? " " : scalar) }
    return String(clean)
  }

  private static func width(of character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    if scalar.value < 0x300 { return 1 }
    if scalar.properties.generalCategory == .nonspacingMark || scalar.value == 0x200B { return 0 }
    if scalar.properties.isEmojiPresentation { return 2 }
    return wide.contains { $0.contains(scalar.value) } ? 2 : 1
  }

  /// Blocks of East Asian wide and fullwidth characters.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
    0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
  ]
}
