public import SQLText

/// One index as the catalog has it.
public struct IndexFacts: Sendable, Hashable {
  public var oid: Int64
  public var name: QualifiedName
  public var table: QualifiedName
  public var tableOid: Int64
  /// `btree`, `gin`, …
  public var method: String
  /// `pg_get_indexdef`: the server's own rendering.
  public var definition: String
  /// The definition from behind `USING` on: `btree (a) WHERE (b > 5)`.
  public var body: String
  public var keys: [IndexKey]
  public var include: [String]
  /// The server's rendering, without `WHERE`.
  public var predicate: String?
  /// Storage parameters as the catalog spells them: `fillfactor=70`.
  public var options: [String]
  /// `nil`: the database's default.
  public var tablespace: String?
  public var isUnique: Bool
  public var nullsNotDistinct: Bool
  public var isPrimary: Bool
  public var isExclusion: Bool
  public var isValid: Bool
  public var isReady: Bool
  public var isClustered: Bool
  public var isReplicaIdentity: Bool
  /// The index of a partitioned table: no storage of its own.
  public var isPartitioned: Bool
  /// The primary key, unique or exclusion constraint that lives on it.
  public var constraint: String?
  /// The partitioned index it is attached to.
  public var parent: QualifiedName?
  public var comment: String?
  public var owner: String
  public var bytes: Int64
  /// Names of every column that keys, INCLUDE, expressions and predicate read, sorted.
  public var columns: [String]
  /// Everything about its shape but the text of expressions and predicate; see `IndexSignature`.
  public var signature: String

  /// Expressions in the order of the keys, then the predicate.
  public var expressions: [String] { keys.filter { $0.column == nil }.map(\.text) }
  public var hasExpressions: Bool { keys.contains { $0.column == nil } }
}

/// One key of an index: a column or an expression.
public struct IndexKey: Sendable, Hashable, Codable {
  /// `nil` for an expression.
  public var column: String?
  /// The column quoted, or the expression, as the server renders it.
  public var text: String
  /// `nil` only in a specification that was not resolved.
  public var operatorClass: QualifiedName?
  /// `siglen=32`
  public var operatorClassOptions: [String]
  /// For keys of a collatable type.
  public var collation: QualifiedName?
  public var isDescending: Bool
  public var nullsFirst: Bool
  /// −1: the server's default. Only expressions have statistics of their own.
  public var statisticsTarget: Int

  public init(
    column: String?, text: String, operatorClass: QualifiedName? = nil, operatorClassOptions: [String] = [],
    collation: QualifiedName? = nil, isDescending: Bool = false, nullsFirst: Bool = false, statisticsTarget: Int = -1
  ) {
    self.column = column
    self.text = text
    self.operatorClass = operatorClass
    self.operatorClassOptions = operatorClassOptions
    self.collation = collation
    self.isDescending = isDescending
    self.nullsFirst = nullsFirst
    self.statisticsTarget = statisticsTarget
  }
}

/// How much an index is read.
public struct IndexUsage: Sendable, Hashable {
  /// Scans since the statistics were reset, child indexes included.
  public var scans: Int64
  /// Seconds since the reset, or since the server started when they were not reset: a crash discards them silently.
  public var statisticsAge: Double
  /// Seconds since the last scan, from PostgreSQL 16.
  public var lastScanAge: Double?
}
