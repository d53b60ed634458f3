public import SQLText

extension TableInventory {
  public struct Constraint: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable {
      case check = "c"
      case foreignKey = "f"
      case notNull = "n"
      case primaryKey = "p"
      case unique = "u"
      case exclusion = "x"
    }

    public var oid: Int64
    public var name: String
    public var kind: Kind
    /// `pg_get_constraintdef` without `NOT VALID`.
    public var definition: String
    /// In the order of the constraint; of an exclusion constraint those of its index, expressions left out.
    public var columns: [String]
    public var isValidated: Bool
    /// False only from PostgreSQL 18 on.
    public var isEnforced: Bool
    public var isDeferrable: Bool
    public var isDeferred: Bool
    public var isNoInherit: Bool
    /// Has it from a parent and not of its own.
    public var isInherited: Bool
    /// The expression of a CHECK.
    public var expression: String?
    /// Of a foreign key.
    public var reference: Reference?
    /// The index of a primary key, unique or exclusion constraint; it has the constraint's name.
    public var index: String?
    public var comment: String?
  }

  /// What a foreign key points to.
  public struct Reference: Sendable, Hashable, Codable {
    public var table: QualifiedName
    public var tableOid: Int64
    public var columns: [String]
    /// `SIMPLE` or `FULL`.
    public var match: String
    /// `NO ACTION`, `CASCADE`, …
    public var onUpdate: String
    public var onDelete: String
    /// Of `ON DELETE SET NULL (…)`.
    public var setColumns: [String]
  }

  /// Another table's foreign key to this one.
  public struct IncomingForeignKey: Sendable, Hashable, Codable {
    /// Its table, where it lives.
    public var table: QualifiedName
    public var tableOid: Int64
    public var tableKind: RelationKind
    /// `reference` is this table; `definition` names it.
    public var constraint: Constraint
    /// The unique index of this table it relies on.
    public var referencedIndex: String?
  }

  /// An index with what is beside its definition.
  public struct Index: Sendable, Hashable, Codable {
    public var oid: Int64
    public var name: QualifiedName
    /// `CREATE INDEX name ON [ONLY] table USING ` and this: `btree (a, lower(b)) INCLUDE (c) WHERE (d > 5)`.
    public var body: String
    /// `btree`, `gin`, …
    public var method: String
    /// As `IndexFacts` has them.
    public var keys: [IndexKey]
    public var include: [String]
    public var predicate: String?
    /// Names of every column that keys, INCLUDE, expressions and predicate read, sorted.
    public var columns: [String]
    public var options: [String]
    public var tablespace: String?
    public var isUnique: Bool
    public var nullsNotDistinct: Bool
    public var isPrimary: Bool
    public var isExclusion: Bool
    public var isValid: Bool
    /// `CLUSTER` goes by it.
    public var isClustered: Bool
    public var isReplicaIdentity: Bool
    /// The constraint that lives on it.
    public var constraint: String?
    /// The partitioned index it is attached to.
    public var parent: QualifiedName?
    public var comment: String?
  }
}
