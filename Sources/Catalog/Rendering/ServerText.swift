import SQLText

/// SQL as the server's rendering functions write it, in tokens: key words in capitals, names in lower case or quoted.
struct ServerText {
  enum Token: Equatable {
    /// As the catalog spells it.
    case name(String)
    case keyword(String)
    /// A string constant's content.
    case constant(String)
    case symbol(UInt8)
    case space
  }

  private struct Piece {
    var token: Token
    var text: String
  }

  private var pieces: [Piece] = []

  init(_ text: String) {
    var scanner = Scanner(bytes: Array(text.utf8))
    while let (token, text) = scanner.next() { pieces.append(Piece(token: token, text: text)) }
  }

  var tokens: [Token] { pieces.map(\.token) }

  func replacing(_ old: QualifiedName, by new: QualifiedName) -> String {
    var out = ""
    var place = 0
    while place < pieces.count {
      if isRelation(old, at: place) {
        out += new.quoted
        place += 3
        continue
      }
      switch pieces[place].token {
      case .name(old.name) where isQualifierOrAlias(at: place): out += Quoting.identifier(new.name)
      case .constant(let text) where QualifiedName(parsing: text) == old && isRegclass(at: place):
        out += Quoting.literal(new.quoted)
      default: out += pieces[place].text
      }
      place += 1
    }
    return out
  }

  /// Whether both are the same but for quotes around names that need none.
  func says(what other: ServerText) -> Bool {
    pieces.count == other.pieces.count
      && zip(tokens, other.tokens).allSatisfy { one, other in
        guard one != other, case .constant(let one) = one, case .constant(let other) = other else { return one == other }
        return QualifiedName(parsing: one) != nil && QualifiedName(parsing: one) == QualifiedName(parsing: other)
      }
  }

  /// `schema.name`, but not of a function: `REFERENCES schema.name(id)` is the one relation with a bracket behind it.
  private func isRelation(_ name: QualifiedName, at place: Int) -> Bool {
    guard token(place) == .name(name.schema), token(place + 1) == .dot, token(place + 2) == .name(name.name),
      token(place - 1) != .dot
    else { return false }
    return token(place + 3) != .openBracket || meaningful(before: place) == .keyword("REFERENCES")
  }

  private func isQualifierOrAlias(at place: Int) -> Bool {
    if token(place - 1) == .dot { return false }
    if token(place + 1) == .dot { return true }
    guard token(place - 1) == .space else { return false }
    switch meaningful(before: place) {
    case .name, .closeBracket: return true
    default: return false
    }
  }

  private func isRegclass(at place: Int) -> Bool {
    token(place + 1) == .colon && token(place + 2) == .colon && token(place + 3) == .name("regclass")
  }

  private func token(_ place: Int) -> Token? { pieces.indices.contains(place) ? pieces[place].token : nil }

  private func meaningful(before place: Int) -> Token? {
    pieces[..<place].last { $0.token != .space }?.token
  }
}

extension ServerText.Token {
  static let dot = symbol(UInt8(ascii: "."))
  static let colon = symbol(UInt8(ascii: ":"))
  static let openBracket = symbol(UInt8(ascii: "("))
  static let closeBracket = symbol(UInt8(ascii: ")"))
}

private struct Scanner {
  let bytes: [UInt8]
  var place = 0

  mutating func next() -> (ServerText.Token, String)? {
    guard place < bytes.count else { return nil }
    let start = place
    let token = read()
    return (token, String(decoding: bytes[start..<place], as: UTF8.self))
  }

  private mutating func read() -> ServerText.Token {
    let byte = bytes[place]
    switch byte {
    case UInt8(ascii: "\""): return .name(quoted(by: byte))
    case UInt8(ascii: "'"): return .constant(quoted(by: byte))
    case UInt8(ascii: "E") where peek(1) == UInt8(ascii: "'"):
      place += 1
      return .constant(quoted(by: UInt8(ascii: "'"), escaped: true))
    case UInt8(ascii: "$"): return dollar()
    case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"):
      place += 1
      return .space
    default: return word()
    }
  }

  private mutating func quoted(by mark: UInt8, escaped: Bool = false) -> String {
    var content: [UInt8] = []
    place += 1
    while place < bytes.count {
      if bytes[place] == mark {
        guard peek(1) == mark else { break }
        place += 1
      } else if escaped, bytes[place] == UInt8(ascii: "\\"), peek(1) != nil {
        place += 1
      }
      content.append(bytes[place])
      place += 1
    }
    place = min(place + 1, bytes.count)
    return String(decoding: content, as: UTF8.self)
  }

  /// A parameter, or a constant in dollar quotes: the text of a function, in which nothing is replaced.
  private mutating func dollar() -> ServerText.Token {
    var end = place + 1
    while end < bytes.count, isWord(bytes[end]), bytes[end] != UInt8(ascii: "$") { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else {
      place += 1
      return .symbol(UInt8(ascii: "$"))
    }
    let tag = bytes[place...end]
    let start = end + 1
    var close = start
    while close < bytes.count, !bytes[close...].starts(with: tag) { close += 1 }
    place = min(close + tag.count, bytes.count)
    return .constant(String(decoding: bytes[start..<close], as: UTF8.self))
  }

  private mutating func word() -> ServerText.Token {
    let start = place
    while place < bytes.count, isWord(bytes[place]) { place += 1 }
    guard place > start else {
      place += 1
      return .symbol(bytes[start])
    }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[start]) { return .keyword(text) }
    let capitals = text.utf8.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    return capitals ? .keyword(text) : .name(text)
  }

  private func peek(_ distance: Int) -> UInt8? {
    bytes.indices.contains(place + distance) ? bytes[place + distance] : nil
  }

  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xFF:
      true
    default: false
    }
  }
}
