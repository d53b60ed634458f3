public import SQLText

public enum RelationKind: String, Sendable, Hashable, Codable {
  case table = "r"
  case partitionedTable = "p"
  case materializedView = "m"
  case foreignTable = "f"
  case view = "v"
  case sequence = "S"
  case index = "i"
  case partitionedIndex = "I"
  case composite = "c"
  case toast = "t"

  /// As a sentence names it.
  public var noun: String {
    switch self {
    case .table: "table"
    case .partitionedTable: "partitioned table"
    case .materializedView: "materialized view"
    case .foreignTable: "foreign table"
    case .view: "view"
    case .sequence: "sequence"
    case .index: "index"
    case .partitionedIndex: "partitioned index"
    case .composite: "composite type"
    case .toast: "TOAST table"
    }
  }

  public var canHaveIndexes: Bool { self == .table || self == .partitionedTable || self == .materializedView }
}

/// What the catalog and the statistics say about a table, view or partitioned table.
public struct RelationFacts: Sendable, Hashable {
  public var oid: Int64
  public var name: QualifiedName
  public var kind: RelationKind
  public var owner: String
  /// `p` permanent, `u` unlogged, `t` temporary.
  public var persistence: String
  /// The planner's estimate, partitions included; `nil` before the first VACUUM or ANALYZE.
  public var rows: Double?
  /// Heap and TOAST without indexes, partitions included.
  public var bytes: Int64
  public var columns: [ColumnFacts]
  /// Updates since the statistics were reset, and how many of them were HOT; partitions included.
  public var updates: Int64
  public var hotUpdates: Int64
  /// The partitioned table it is attached to.
  public var parent: QualifiedName?
  /// For a partitioned table.
  public var partitioning: Partitioning?

  public func column(_ name: String) -> ColumnFacts? { columns.first { $0.name == name } }

  /// Share of updates that needed no index entry; `nil` without enough updates to say.
  public var hotShare: Double? { updates >= 1_000 ? Double(hotUpdates) / Double(updates) : nil }
}

public struct ColumnFacts: Sendable, Hashable {
  public var number: Int
  public var name: String
  /// `format_type`: `character varying(20)`.
  public var type: String
  public var notNull: Bool
  /// The column's collation, for a collatable type.
  public var collation: QualifiedName?
  /// Physical order against value order, −1…1; on a partitioned table the weakest of its leaves.
  public var correlation: Double?
  /// As in pg_stats: negative is a share of the rows.
  public var distinct: Double?
  public var averageWidth: Int?
  /// −1: the server's default.
  public var statisticsTarget: Int
}

public struct Partitioning: Sendable, Hashable {
  /// `range`, `list` or `hash`.
  public var strategy: String
  /// Names of the key columns; an expression in the key has no name.
  public var columns: [String]
  public var hasExpression: Bool
  public var partitions: [Partition]

  /// Partitions that hold rows, in the order of the tree.
  public var leaves: [Partition] { partitions.flatMap { $0.partitions.isEmpty ? $0.ownLeaf : $0.allLeaves } }
}

/// One partition; sub-partitioned ones hold their own.
public struct Partition: Sendable, Hashable {
  public var oid: Int64
  public var name: QualifiedName
  public var kind: RelationKind
  public var isDefault: Bool
  public var bytes: Int64
  public var partitions: [Partition]

  var ownLeaf: [Partition] { kind == .partitionedTable ? [] : [self] }
  var allLeaves: [Partition] { partitions.flatMap { $0.partitions.isEmpty ? $0.ownLeaf : $0.allLeaves } }
}
