public import PluginAPI

/// An index as a step wants it, before the server was asked.
public struct IndexSpec: Sendable, Hashable {
  /// One key: a column or an expression, with only what was written.
  public struct Key: Sendable, Hashable {
    public var column: String?
    public var expression: String?
    public var operatorClass: String?
    public var collation: QualifiedName?
    public var isDescending: Bool
    /// `nil`: PostgreSQL's default, nulls first exactly when descending.
    public var nullsFirst: Bool?

    public init(
      column: String? = nil, expression: String? = nil, operatorClass: String? = nil, collation: QualifiedName? = nil,
      isDescending: Bool = false, nullsFirst: Bool? = nil
    ) {
      self.column = column
      self.expression = expression
      self.operatorClass = operatorClass
      self.collation = collation
      self.isDescending = isDescending
      self.nullsFirst = nullsFirst
    }
  }

  public var table: QualifiedName
  /// `nil`: derived as PostgreSQL derives it.
  public var name: String?
  public var method: String
  public var keys: [Key]
  public var include: [String]
  public var predicate: String?
  /// Storage parameters: `fillfactor`, `70`.
  public var options: [Setting]
  public var tablespace: String?
  public var isUnique: Bool
  public var nullsNotDistinct: Bool
  public var comment: String?

  public init(
    table: QualifiedName, name: String? = nil, method: String = "btree", keys: [Key], include: [String] = [],
    predicate: String? = nil, options: [Setting] = [], tablespace: String? = nil, isUnique: Bool = false,
    nullsNotDistinct: Bool = false, comment: String? = nil
  ) {
    self.table = table
    self.name = name
    self.method = method
    self.keys = keys
    self.include = include
    self.predicate = predicate
    self.options = options
    self.tablespace = tablespace
    self.isUnique = isUnique
    self.nullsNotDistinct = nullsNotDistinct
    self.comment = comment
  }

  public var columns: [String] { keys.compactMap(\.column) }
  public var expressions: [String] { keys.compactMap(\.expression) }
}

/// Where the parts of a specification stand in the plan.
public struct IndexMarks: Sendable {
  public var table: SourceRange
  public var name: SourceRange
  /// One per key.
  public var keys: [SourceRange]
  public var include: [SourceRange]
  public var predicate: SourceRange
  public var method: SourceRange

  public init(
    table: SourceRange, name: SourceRange, keys: [SourceRange], include: [SourceRange], predicate: SourceRange,
    method: SourceRange
  ) {
    self.table = table
    self.name = name
    self.keys = keys
    self.include = include
    self.predicate = predicate
    self.method = method
  }
}
