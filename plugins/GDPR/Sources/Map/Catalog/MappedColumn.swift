import PluginAPI

/// What kind of values a column has, as far as an action cares.
enum ValueKind: String, Sendable, Hashable, Codable {
  case text, integer, number, date, timestamp, boolean, uuid, network, json, bytes, other

  /// From `pg_type`, domains seen through.
  init(type: String, category: String) {
    switch (type, category) {
    case ("json", _), ("jsonb", _): self = .json
    case ("uuid", _): self = .uuid
    case ("bytea", _): self = .bytes
    case ("date", _): self = .date
    case ("timestamp", _), ("timestamptz", _): self = .timestamp
    case ("inet", _), ("cidr", _): self = .network
    case ("int2", _), ("int4", _), ("int8", _): self = .integer
    case ("numeric", _), ("float4", _), ("float8", _): self = .number
    case ("bool", _): self = .boolean
    case ("name", _), ("char", _): self = .other
    case (_, "S"): self = .text
    default: self = .other
    }
  }
}

/// A column as the catalog has it, and what the map says of it.
struct MappedColumn: Sendable, Hashable {
  var name: String
  /// As a cast spells it.
  var type: String
  /// The type below domains: `varchar`, `int8`.
  var base: String
  var kind: ValueKind
  /// Of `varchar(n)` and `char(n)`.
  var length: Int?
  var isNotNull: Bool
  var isGenerated: Bool
  /// An identity that is always generated cannot be updated.
  var isAlwaysIdentity: Bool
  /// In a unique index, by itself, in an expression or in the index's condition.
  var isUnique: Bool
  var isPrimaryKey: Bool
  /// Refers to another row.
  var isReference: Bool
  /// Another row refers to it.
  var isReferenced: Bool
  /// Rows are placed by it.
  var isPartitionKey: Bool
  /// `nil`: the map does not say.
  var action: ColumnAction?
  /// What becomes of the values inside it.
  var inside: [JSONRule] = []

  /// Rows hang together by it and it says nothing by itself.
  var isStructure: Bool {
    isGenerated || ((isPrimaryKey || isReference || isReferenced) && (kind == .integer || kind == .uuid))
  }

  /// It is changed when its subject is anonymised.
  var isChanged: Bool { (action.map { !$0.isKept } ?? false) || inside.contains { !$0.action.isKept } }
}

/// What becomes of one place inside a JSON column.
struct JSONRule: Sendable, Hashable {
  var route: JSONRoute
  var action: ColumnAction
}
