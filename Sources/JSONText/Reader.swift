/// What was wrong with a JSON text, and at which byte.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  public let message: String
  public let offset: Int
  public var description: String { "not JSON at byte \(offset): \(message)" }
}

extension JSON {
  /// Reads one JSON document (RFC 8259), at most 512 levels deep.
  ///
  /// Written here because the lint path decodes megabytes of parse trees: a recursive `Codable` enum is 20 times slower.
  public init(parsing text: String) throws(JSONError) {
    var text = text
    let result: Result<JSON, JSONError> = text.withUTF8 { bytes in
      Result { () throws(JSONError) in try JSON(parsing: bytes) }
    }
    self = try result.get()
  }

  public init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
    var reader = Reader(bytes: bytes)
    self = try reader.value(depth: 0)
    reader.space()
    guard reader.place == bytes.count else { throw reader.wrong("text after the value") }
  }
}

private struct Reader {
  let bytes: UnsafeBufferPointer<UInt8>
  var place = 0

  func wrong(_ message: String) -> JSONError { JSONError(message: message, offset: place) }

  mutating func space() {
    while place < bytes.count, bytes[place] == 0x20 || (0x09...0x0D).contains(bytes[place]) { place += 1 }
  }

  var next: UInt8? { place < bytes.count ? bytes[place] : nil }

  mutating func take(_ wanted: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: wanted) else { return false }
    place += 1
    return true
  }

  mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard depth < 512 else { throw wrong("nested too deeply") }
    space()
    switch next {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  mutating func word(_ text: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let length = text.utf8CodeUnitCount
    guard place + length <= bytes.count,
      (0..<length).allSatisfy({ bytes[place + $0] == text.utf8Start[$0] })
    else { throw wrong("unexpected character") }
    place += length
    return value
  }

  mutating func object(_ depth: Int) throws(JSONError) -> JSON {
    place += 1
    var members: [JSONObject.Member] = []
    space()
    if take("}") { return .object(JSONObject(members: [])) }
    repeat {
      space()
      guard next == UInt8(ascii: "\"") else { throw wrong("a member's name is expected") }
      let key = try string()
      space()
      guard take(":") else { throw wrong("':' is expected") }
      members.append(.init(key: key, value: try value(depth: depth + 1)))
      space()
    } while take(",")
    guard take("}") else { throw wrong("',' or '}' is expected") }
    return .object(JSONObject(members: members))
  }

  mutating func array(_ depth: Int) throws(JSONError) -> JSON {
    place += 1
    var items: [JSON] = []
    space()
    if take("]") { return .array([]) }
    repeat {
      items.append(try value(depth: depth + 1))
      space()
    } while take(",")
    guard take("]") else { throw wrong("',' or ']' is expected") }
    return .array(items)
  }

  mutating func string() throws(JSONError) -> String {
    place += 1
    let start = place
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { place += 1 }
    guard next != nil else { throw wrong("the string does not end") }
    if take("\"") { return String(decoding: bytes[start..<place - 1], as: UTF8.self) }
    var unescaped = Array(bytes[start..<place])
    while let byte = next {
      place += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: unescaped, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &unescaped)
      default: unescaped.append(byte)
      }
    }
    throw wrong("the string does not end")
  }

  mutating func escape(into out: inout [UInt8]) throws(JSONError) {
    guard let byte = next else { throw wrong("the string does not end") }
    place += 1
    switch byte {
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "u"): out += String(try unicode()).utf8
    default: throw wrong("unknown escape")
    }
  }

  mutating func unicode() throws(JSONError) -> Unicode.Scalar {
    let high = try fourHexDigits()
    if let scalar = Unicode.Scalar(high) { return scalar }
    guard high < 0xDC00, take("\\"), take("u") else { throw wrong("half a surrogate pair") }
    let low = try fourHexDigits()
    guard (0xDC00...0xDFFF).contains(low), let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    else { throw wrong("half a surrogate pair") }
    return scalar
  }

  mutating func fourHexDigits() throws(JSONError) -> UInt32 {
    guard place + 4 <= bytes.count,
      let value = UInt32(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16)
    else { throw wrong("four hexadecimal digits are expected") }
    place += 4
    return value
  }

  mutating func number() throws(JSONError) -> JSON {
    let start = place
    while let byte = next, isNumeric(byte) { place += 1 }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    if let value = Int64(text) { return .int(value) }
    guard start < place, let value = Double(text) else { throw wrong("a value is expected") }
    return .double(value)
  }

  func isNumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
      || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
  }
}
