public import SQLText

extension TableInventory {
  /// A table's or a view's own row in pg_class.
  public struct Relation: Sendable, Hashable, Codable {
    public var oid: Int64
    public var name: QualifiedName
    public var kind: RelationKind
    public var owner: String
    /// `p` permanent, `u` unlogged, `t` temporary.
    public var persistence: String
    /// `nil`: the database's default.
    public var tablespace: String?
    /// `heap`; a partitioned table has one from PostgreSQL 17 on.
    public var accessMethod: String?
    /// As the catalog spells them: `fillfactor=70`, those of the TOAST table as `toast.autovacuum_enabled=false`.
    public var options: [String]
    public var replicaIdentity: ReplicaIdentity
    /// The index of `REPLICA IDENTITY USING INDEX`.
    public var replicaIdentityIndex: String?
    public var hasRowSecurity: Bool
    public var forcesRowSecurity: Bool
    public var comment: String?
    /// The whole list: what the owner has by default is in it.
    public var grants: [Grant]
    public var securityLabels: [SecurityLabel]
    /// Whether a materialized view holds rows.
    public var isPopulated: Bool
  }

  public enum ReplicaIdentity: String, Sendable, Hashable, Codable {
    case primaryKey = "d"
    case nothing = "n"
    case full = "f"
    case index = "i"
  }

  public struct Column: Sendable, Hashable, Codable {
    public var number: Int
    public var name: String
    /// `format_type`: `character varying(20)`.
    public var type: String
    /// Where it is not the type's own.
    public var collation: QualifiedName?
    public var isNotNull: Bool
    /// The DEFAULT expression; of a view's column too.
    public var defaultExpression: String?
    /// The expression of a generated column.
    public var generationExpression: String?
    public var generated: Generated?
    public var identity: Identity?
    /// `p`, `e`, `m`, `x`, where it is not the type's own.
    public var storage: String?
    /// `pglz` or `lz4`, where one was set.
    public var compression: String?
    /// −1: the server's default.
    public var statisticsTarget: Int
    /// `n_distinct=5`
    public var options: [String]
    public var comment: String?
    public var grants: [Grant]
    public var securityLabels: [SecurityLabel]
  }

  public enum Generated: String, Sendable, Hashable, Codable {
    case stored = "s"
    case virtual = "v"
  }

  public enum Identity: String, Sendable, Hashable, Codable {
    case always = "a"
    case byDefault = "d"
  }

  /// A sequence owned by a column, without its value.
  public struct Sequence: Sendable, Hashable, Codable {
    public var oid: Int64
    public var name: QualifiedName
    /// The column that owns it.
    public var column: String
    /// An identity column's; a serial's otherwise.
    public var isIdentity: Bool
    /// `bigint`
    public var type: String
    public var start: Int64
    public var increment: Int64
    public var minimum: Int64
    public var maximum: Int64
    public var cache: Int64
    public var cycles: Bool
    public var persistence: String
    public var owner: String
    public var grants: [Grant]
    public var comment: String?
    public var securityLabels: [SecurityLabel]
  }
}
