package import JSONText

/// How large a table is.
package struct Extent: Sendable, Hashable {
  /// Without indexes.
  package var bytes: Double
  /// `nil`: never analysed.
  package var rows: Double?

  package init(bytes: Double, rows: Double?) {
    self.bytes = bytes
    self.rows = rows
  }

  static func + (a: Extent, b: Extent) -> Extent {
    Extent(bytes: a.bytes + b.bytes, rows: a.rows.flatMap { rows in b.rows.map { rows + $0 } })
  }

  static let none = Extent(bytes: 0, rows: 0)
}

/// Tables by name, `schema.name`.
package typealias Extents = [String: Extent]

extension Extent {
  /// Members `table_bytes` or `bytes`, and `rows`, of whatever came from elsewhere.
  package init?(_ json: JSON) {
    guard let bytes = Figure.read(json["table_bytes"]) ?? Figure.read(json["bytes"]) else { return nil }
    let rows = Figure.read(json["rows"])
    // Counted before it was filled.
    self.init(bytes: bytes, rows: rows == 0 && bytes > 65_536 ? nil : rows)
  }
}

/// Numbers of evidence are somebody else's: none is believed to be infinite, negative or no number.
enum Figure {
  private static let most = 1e15

  static func read(_ json: JSON?) -> Double? {
    guard let value = json?.double, value.isFinite, value >= 0 else { return nil }
    return min(value, most)
  }

  /// A difference, which may be less than nothing.
  static func difference(_ json: JSON?) -> Double? {
    guard let value = json?.double, value.isFinite else { return nil }
    return min(max(value, -most), most)
  }
}
