/// What a scalar means under YAML 1.2's core schema.
public enum Resolved: Sendable, Hashable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case float(Double)
  case text(String)
}

extension Node {
  /// `nil` for sequences and mappings. Quoted and block scalars are text, whatever they look like.
  public var resolved: Resolved? {
    guard case .scalar(let text, let style) = kind else { return nil }
    switch tag {
    case nil, Tag.boolean, Tag.null, Tag.integer, Tag.float:
      return style == .plain || tag != nil ? CoreSchema.resolve(text) : .text(text)
    default: return .text(text)
    }
  }

  public var isNull: Bool { resolved == .null }

  /// A bare `yes`, `no`, `on` or `off`: text in YAML 1.2, a boolean in 1.1, so nearly always a misunderstanding.
  public var looksLikeOldBoolean: Bool {
    guard case .scalar(let text, .plain) = kind, tag == nil else { return false }
    return ["yes", "no", "on", "off"].contains(text.lowercased())
  }
}

/// Tags of the core schema; any other is refused.
enum Tag {
  static let prefix = "tag:yaml.org,2002:"
  static let string = prefix + "str"
  static let integer = prefix + "int"
  static let float = prefix + "float"
  static let boolean = prefix + "bool"
  static let null = prefix + "null"
  static let sequence = prefix + "seq"
  static let mapping = prefix + "map"
  /// "not resolved": a plain scalar with it is text.
  static let nonSpecific = "!"

  static func fits(_ tag: String, _ kind: Node.Kind) -> Bool {
    switch kind {
    case .sequence: tag == sequence || tag == nonSpecific
    case .mapping: tag == mapping || tag == nonSpecific
    case .scalar(let text, _):
      switch (tag, CoreSchema.resolve(text)) {
      case (string, _), (nonSpecific, _), (integer, .integer), (float, .float), (float, .integer),
        (boolean, .boolean), (null, .null): true
      default: false
      }
    }
  }

  static func isKnown(_ tag: String) -> Bool {
    [string, integer, float, boolean, null, sequence, mapping, nonSpecific].contains(tag)
  }
}

enum CoreSchema {
  static func resolve(_ text: String) -> Resolved {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .boolean(true)
    case "false", "False", "FALSE": return .boolean(false)
    case ".nan", ".NaN", ".NAN": return .float(.nan)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .float(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .float(-.infinity)
    default: break
    }
    // No number is this long: spares a scan of long texts.
    guard text.utf8.count <= 400 else { return .text(text) }
    return integer(text) ?? float(text) ?? .text(text)
  }

  private static func integer(_ text: String) -> Resolved? {
    if text.hasPrefix("0x"), let value = digits(text.dropFirst(2), radix: 16) { return .integer(value) }
    if text.hasPrefix("0o"), let value = digits(text.dropFirst(2), radix: 8) { return .integer(value) }
    let unsigned = text.utf8.first.map { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } == true
      ? text.dropFirst() : text[...]
    guard !unsigned.isEmpty, unsigned.utf8.allSatisfy(isDigit), let value = Int64(text) else { return nil }
    return .integer(value)
  }

  private static func digits(_ text: Substring, radix: Int) -> Int64? {
    guard let first = text.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+") else { return nil }
    return Int64(text, radix: radix)
  }

  /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
  private static func float(_ text: String) -> Resolved? {
    var rest = Substring(text).utf8[...]
    skipSign(&rest)
    let whole = skipDigits(&rest)
    var fraction = 0
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      fraction = skipDigits(&rest)
    }
    guard whole + fraction > 0 else { return nil }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest.removeFirst()
      skipSign(&rest)
      guard skipDigits(&rest) > 0 else { return nil }
    }
    guard rest.isEmpty, let value = Double(text.hasSuffix(".") ? text + "0" : text) else { return nil }
    return .float(value)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func skipSign(_ rest: inout Substring.UTF8View) {
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
  }

  private static func skipDigits(_ rest: inout Substring.UTF8View) -> Int {
    let digits = rest.prefix(while: isDigit)
    rest = rest[digits.endIndex...]
    return digits.count
  }
}
