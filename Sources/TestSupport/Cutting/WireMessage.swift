/// One message of PostgreSQL's protocol, version 3, with its header.
struct WireMessage {
  /// 0: a start-up message, which has no type byte.
  let tag: UInt8
  let bytes: [UInt8]

  /// Makes the server send what it has: a Flush, which has no answer of its own.
  static let flush: [UInt8] = [UInt8(ascii: "H"), 0, 0, 0, 4]

  private var header: Int { tag == 0 ? 4 : 5 }

  /// The number a start-up message begins with.
  var code: UInt32 { bytes.dropFirst(header).prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }

  /// The zero-terminated strings at the beginning.
  func strings(_ count: Int) -> [String] {
    var rest = bytes.dropFirst(header)
    return (0..<count).map { _ in
      let text = rest.prefix { $0 != 0 }
      rest = rest.dropFirst(text.count + 1)
      return String(decoding: text, as: UTF8.self)
    }
  }

  /// ReadyForQuery: in no transaction.
  var isIdle: Bool { bytes.last == UInt8(ascii: "I") }
}

/// Bytes as they come, taken out message by message.
struct WireBuffer {
  private var bytes: [UInt8] = []
  private var start = 0

  mutating func append(_ more: ArraySlice<UInt8>) {
    if start > 1 << 16 {
      bytes.removeFirst(start)
      start = 0
    }
    bytes += more
  }

  mutating func next() -> WireMessage? { take(header: 5) }
  mutating func nextStartup() -> WireMessage? { take(header: 4) }

  /// What came so far of an unfinished message.
  mutating func rest() -> [UInt8] {
    defer { start = bytes.count }
    return Array(bytes[start...])
  }

  private mutating func take(header: Int) -> WireMessage? {
    guard bytes.count - start >= header else { return nil }
    let place = start + header - 4
    let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    let end = place + length
    guard length >= 4, bytes.count >= end else { return nil }
    defer { start = end }
    return WireMessage(tag: header == 5 ? bytes[start] : 0, bytes: Array(bytes[start..<end]))
  }
}
