/// Turns the parser's byte offsets into slices and places, reading the text once from front to back.
struct SourceReader {
  let bytes: UnsafeBufferPointer<UInt8>
  private var byte = 0
  private var place = SourcePosition.start

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The slice between two offsets without white space and comments around it.
  mutating func slice(from start: Int, to end: Int) -> (text: String, start: Int, position: SourcePosition) {
    var lexer = TokenBounds(bytes: bytes, place: min(start, bytes.count), end: min(end, bytes.count))
    let first = lexer.skipSpace()
    let last = lexer.endOfTokens()
    advance(to: first)
    return (String(decoding: bytes[first..<max(first, last)], as: UTF8.self), first, place)
  }

  private mutating func advance(to target: Int) {
    while byte < target {
      if bytes[byte] & 0xC0 != 0x80 { place.pass(newline: bytes[byte] == UInt8(ascii: "\n")) }
      byte += 1
    }
  }
}

/// Just enough of the lexical rules (documentation section 4.1) to know where comments are.
struct TokenBounds {
  let bytes: UnsafeBufferPointer<UInt8>
  var place: Int
  let end: Int

  private func at(_ offset: Int) -> UInt8 { place + offset < end ? bytes[place + offset] : 0 }

  /// Moves behind white space and comments.
  mutating func skipSpace() -> Int {
    while place < end {
      switch (at(0), at(1)) {
      case (0x20, _), (0x09...0x0D, _): place += 1
      case (UInt8(ascii: "-"), UInt8(ascii: "-")): skipLine()
      case (UInt8(ascii: "/"), UInt8(ascii: "*")): skipBlock()
      default: return place
      }
    }
    return place
  }

  /// Where the last token ends.
  mutating func endOfTokens() -> Int {
    var last = place
    while skipSpace() < end {
      token()
      last = min(place, end)
    }
    return last
  }

  private mutating func skipLine() {
    while place < end, bytes[place] != UInt8(ascii: "\n") { place += 1 }
  }

  private mutating func skipBlock() {
    var depth = 0
    repeat {
      if at(0) == UInt8(ascii: "/"), at(1) == UInt8(ascii: "*") {
        depth += 1
        place += 2
      } else if at(0) == UInt8(ascii: "*"), at(1) == UInt8(ascii: "/") {
        depth -= 1
        place += 2
      } else {
        place += 1
      }
    } while depth > 0 && place < end
  }

  private mutating func token() {
    switch at(0) {
    case UInt8(ascii: "'"): quoted(UInt8(ascii: "'"), escapes: false)
    case UInt8(ascii: "\""): quoted(UInt8(ascii: "\""), escapes: false)
    case UInt8(ascii: "$"): dollarQuoted()
    case UInt8(ascii: "E"), UInt8(ascii: "e"):
      if at(1) == UInt8(ascii: "'") {
        place += 1
        quoted(UInt8(ascii: "'"), escapes: true)
      } else {
        word()
      }
    case let byte where TokenBounds.isWord(byte): word()
    default: place += 1
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private mutating func word() {
    while place < end, TokenBounds.isWord(bytes[place]) || bytes[place] == UInt8(ascii: "$") { place += 1 }
  }

  private mutating func quoted(_ mark: UInt8, escapes: Bool) {
    place += 1
    while place < end, bytes[place] != mark {
      place += escapes && bytes[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    place += 1
  }

  private mutating func dollarQuoted() {
    let start = place
    place += 1
    while place < end, TokenBounds.isWord(bytes[place]) { place += 1 }
    guard at(0) == UInt8(ascii: "$") else { return }
    place += 1
    let tag = bytes[start..<place]
    while place < end {
      if bytes[place] == UInt8(ascii: "$"), place + tag.count <= end,
        bytes[place..<place + tag.count].elementsEqual(tag)
      {
        place += tag.count
        return
      }
      place += 1
    }
  }
}
