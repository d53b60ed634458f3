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

  /// Words and quoted identifiers of more than so many bytes.
  mutating func identifiers(longerThan limit: Int) -> [String] {
    var found: [String] = []
    while skipSpace() < end {
      let first = place
      let mark = at(0)
      token()
      let last = min(place, end)
      if mark == UInt8(ascii: "\""), last - first > limit + 2 {
        found.append(String(decoding: bytes[first + 1..<last - 1], as: UTF8.self))
      } else if TokenBounds.isWord(mark), last - first > limit, bytes[last - 1] != UInt8(ascii: "'") {
        found.append(String(decoding: bytes[first..<last], as: UTF8.self))
      }
    }
    return found
  }

  /// Slices between semicolons: those outside of quotes, parentheses and `BEGIN ATOMIC … END`.
  mutating func statements() -> [Range<Int>] {
    var found: [Range<Int>] = []
    var first = place
    var parentheses = 0
    var atomic = 0
    var previous = ""
    while skipSpace() < end {
      let start = place
      token()
      switch bytes[start] {
      case UInt8(ascii: "("): parentheses += 1
      case UInt8(ascii: ")"): parentheses -= 1
      case UInt8(ascii: ";") where parentheses <= 0 && atomic == 0:
        found.append(first..<start)
        (first, parentheses) = (place, 0)
      case let byte where TokenBounds.isWord(byte):
        let word = String(decoding: bytes[start..<min(place, end)], as: UTF8.self).lowercased()
        if word == "atomic" && previous == "begin" || word == "case" && atomic > 0 { atomic += 1 }
        if atomic > 0, word == "end" { atomic -= 1 }
        previous = word
      default: break
      }
    }
    return found + (first < end ? [first..<end] : [])
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
