extension JSON {
  /// One line, members in the order they were written.
  public var text: String { written(Writer(sorted: false)) }

  /// One line, members sorted by the bytes of their keys: what hashes are computed over (canonical form version 1).
  public var canonical: String { written(Writer(sorted: true)) }

  /// Two spaces of indentation, for people.
  public var pretty: String { written(Writer(sorted: false, indented: true)) }

  private func written(_ writer: Writer) -> String {
    var writer = writer
    writer.write(self, depth: 0)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The text of one JSON string, quotes included.
  public static func quoted(_ text: String) -> String { JSON.string(text).text }
}

private struct Writer {
  let sorted: Bool
  var indented = false
  var bytes: [UInt8] = []

  mutating func write(_ value: JSON, depth: Int) {
    switch value {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .int(let value): bytes += String(value).utf8
    case .double(let value): bytes += (value.isFinite ? "\(value)" : "null").utf8
    case .string(let value): write(string: value)
    case .array(let items):
      write(list: items, depth: depth, open: "[", close: "]") { writer, item in
        writer.write(item, depth: depth + 1)
      }
    case .object(let object):
      write(list: sorted ? object.sorted : object.members, depth: depth, open: "{", close: "}") { writer, member in
        writer.write(string: member.key)
        writer.bytes += (writer.indented ? ": " : ":").utf8
        writer.write(member.value, depth: depth + 1)
      }
    }
  }

  private mutating func write<Item>(
    list: [Item], depth: Int, open: Unicode.Scalar, close: Unicode.Scalar, _ each: (inout Writer, Item) -> Void
  ) {
    bytes.append(UInt8(ascii: open))
    for (place, item) in list.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      newline(depth + 1)
      each(&self, item)
    }
    if !list.isEmpty { newline(depth) }
    bytes.append(UInt8(ascii: close))
  }

  private mutating func newline(_ depth: Int) {
    guard indented else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes += repeatElement(UInt8(ascii: " "), count: depth * 2)
  }

  private mutating func write(string: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += "\\\"".utf8
      case UInt8(ascii: "\\"): bytes += "\\\\".utf8
      case 0x0A: bytes += "\\n".utf8
      case 0x0D: bytes += "\\r".utf8
      case 0x09: bytes += "\\t".utf8
      case 0..<0x20:
        bytes += "\\u00".utf8
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
