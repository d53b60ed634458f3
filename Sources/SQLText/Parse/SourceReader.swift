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
