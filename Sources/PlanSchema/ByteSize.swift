public import JSONText
public import YAMLTree

/// An amount of memory or disk, as PostgreSQL writes it: `64MB`, `50GB`; multiples of 1024.
public struct ByteSize: ParameterValue, Hashable, Comparable, CustomStringConvertible {
  public var bytes: Int64

  public init(bytes: Int64) { self.bytes = bytes }

  public static func megabytes(_ count: Int64) -> ByteSize { ByteSize(bytes: count << 20) }
  public static func gigabytes(_ count: Int64) -> ByteSize { ByteSize(bytes: count << 30) }

  public static func < (a: ByteSize, b: ByteSize) -> Bool { a.bytes < b.bytes }

  private static let units: [(name: String, bytes: Int64)] = [
    ("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10), ("B", 1),
  ]

  /// What is wrong with a text as a size.
  public struct Malformed: Error, Sendable, Hashable {
    public let message: String
    public let hint: String
    public var didYouMean: String?
  }

  public init(parsing text: String) throws(Malformed) {
    let hint = "units are B, kB, MB, GB, TB, for example 64MB"
    if text.hasPrefix("-") { throw Malformed(message: "`\(text)` is negative", hint: hint) }
    guard let parts = Quantity.parse(text), parts.count == 1, let part = parts.first else {
      throw Malformed(message: "`\(text)` is not a size", hint: hint)
    }
    guard let unit = ByteSize.units.first(where: { $0.name == part.unit }) else {
      if part.unit.isEmpty { throw Malformed(message: "`\(text)` has no unit", hint: hint) }
      let near = ByteSize.units.first { $0.name.lowercased() == part.unit.lowercased().filter { $0 != "i" } }
      throw Malformed(
        message: "`\(part.unit)` is not a unit of size", hint: hint,
        didYouMean: near.map { "\(part.number)\($0.name)" })
    }
    guard let bytes = part.times(unit.bytes) else {
      throw Malformed(message: "`\(text)` is too large, or not a whole number of bytes", hint: hint)
    }
    self.bytes = bytes
  }

  public var description: String {
    for (name, size) in ByteSize.units where bytes != 0 && bytes % size == 0 { return "\(bytes / size)\(name)" }
    return "\(bytes)B"
  }

  public static var shape: Shape { .named("size", pattern: "^[0-9.]+ ?(B|kB|MB|GB|TB)$") }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> ByteSize? {
    guard let text = report.text(node, wanted: "a size") else { return nil }
    do {
      return try ByteSize(parsing: text)
    } catch {
      report.error("value.size", error.message, at: node.range, hint: error.hint, didYouMean: error.didYouMean)
      return nil
    }
  }

  public var json: JSON { .string(description) }
}
