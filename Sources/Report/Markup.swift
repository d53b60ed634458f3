/// HTML or SVG as a value: text that is interpolated is escaped, markup that is interpolated is not. Names, reasons and
/// SQL come from elsewhere; there is no way to paste them.
package struct Markup: Sendable, Hashable, ExpressibleByStringInterpolation {
  package private(set) var text: String

  package init(stringLiteral value: String) { text = value }
  package init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  static let none: Markup = ""

  var isEmpty: Bool { text.isEmpty }

  static func + (a: Markup, b: Markup) -> Markup { "\(a)\(b)" }

  package struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity * 2) }

    package mutating func appendLiteral(_ literal: String) { text += literal }
    package mutating func appendInterpolation(_ words: String) { text += Markup.escaped(words) }
    package mutating func appendInterpolation(_ number: Int) { text += "\(number)" }
    package mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    package mutating func appendInterpolation(_ all: [Markup]) { for markup in all { text += markup.text } }
    /// A length in pixels, to a tenth.
    package mutating func appendInterpolation(_ length: Double) {
      let tenths = Int((length * 10).rounded())
      text += tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }
  }

  /// Text as it stands in an element or a quoted attribute. What would not be seen, or would turn what stands beside it
  /// around, is written out.
  static func escaped(_ words: String) -> String {
    guard words.unicodeScalars.contains(where: { replacement(for: $0) != nil }) else { return words }
    var text = ""
    text.reserveCapacity(words.utf8.count + 32)
    for scalar in words.unicodeScalars {
      if let other = replacement(for: scalar) { text += other } else { text.unicodeScalars.append(scalar) }
    }
    return text
  }

  private static func replacement(for scalar: Unicode.Scalar) -> String? {
    switch scalar {
    case "&": "&amp;"
    case "<": "&lt;"
    case ">": "&gt;"
    case "\"": "&quot;"
    case "'": "&#39;"
    case "\n", "\t": nil
    case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}", "\u{200E}", "\u{200F}", "\u{FFFE}", "\u{FFFF}":
      "\u{27E8}U+\(String(scalar.value, radix: 16, uppercase: true))\u{27E9}"
    default: scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : nil
    }
  }
}
