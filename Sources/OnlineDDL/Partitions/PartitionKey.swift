package import PluginAPI

/// The column a table is partitioned by.
package struct PartitionKey: Sendable, Hashable, Codable {
  /// How ranges of its type are cut.
  package enum Kind: String, Sendable, Hashable, Codable {
    case date, timestamp, timestamptz, smallint, integer, bigint
    /// Lists and hashes only.
    case other

    package var isCalendar: Bool { self == .date || self == .timestamp || self == .timestamptz }
    package var isNumber: Bool { self == .smallint || self == .integer || self == .bigint }

    /// The type's own limits, for numbers.
    package var limits: ClosedRange<Int64> {
      switch self {
      case .smallint: Int64(Int16.min)...Int64(Int16.max)
      case .integer: Int64(Int32.min)...Int64(Int32.max)
      default: Int64.min...Int64.max
      }
    }
  }

  package let column: String
  /// `format_type`.
  package let type: String
  package let kind: Kind

  package init(column: String, type: String) {
    self.column = column
    self.type = type
    kind = PartitionKey.kind(of: type)
  }

  package init(_ column: ColumnFacts) { self.init(column: column.name, type: column.type) }

  /// The column quoted.
  package var name: SQL { "\(id: column)" }

  /// A constant of the key's type.
  package func constant(_ text: String) -> SQL { "\(literal: text)::\(sql: type)" }

  private static func kind(of type: String) -> Kind {
    switch type {
    case "date": .date
    case "smallint": .smallint
    case "integer": .integer
    case "bigint": .bigint
    default:
      if type.hasPrefix("timestamp") { type.hasSuffix("with time zone") ? .timestamptz : .timestamp } else { .other }
    }
  }
}
