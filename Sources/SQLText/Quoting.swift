/// The one place that turns names and constants into SQL text.
public enum Quoting {
  /// Always quoted, so that a keyword or a capital letter never changes the meaning.
  public static func identifier(_ name: String) -> String {
    "\"" + doubled(name, "\"") + "\""
  }

  /// A string constant that reads the same whatever standard_conforming_strings says.
  public static func literal(_ text: String) -> String {
    let body = doubled(text, "'")
    return text.utf8.contains(UInt8(ascii: "\\")) ? " E'" + doubled(body, "\\") + "'" : "'" + body + "'"
  }

  private static func doubled(_ text: String, _ mark: Unicode.Scalar) -> String {
    guard text.unicodeScalars.contains(mark) else { return text }
    var out = ""
    for scalar in text.unicodeScalars {
      out.unicodeScalars.append(scalar)
      if scalar == mark { out.unicodeScalars.append(scalar) }
    }
    return out
  }

  /// PostgreSQL truncates longer names without an error (NAMEDATALEN, documentation section 4.1.1).
  public static let longestIdentifier = 63

  /// `base` + `suffix` in at most 63 bytes; a shortened base ends in eight digits of its FNV-1a hash, so two stay two.
  public static func fitted(_ base: String, suffix: String = "") -> String {
    let whole = base + suffix
    guard whole.utf8.count > longestIdentifier else { return whole }
    let hash = base.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    let digits = String(hash, radix: 16)
    let tail = "_" + String(repeating: "0", count: 8 - digits.count) + digits + suffix
    var kept = ""
    for character in base where kept.utf8.count + String(character).utf8.count + tail.utf8.count <= longestIdentifier {
      kept.append(character)
    }
    return kept + tail
  }
}
