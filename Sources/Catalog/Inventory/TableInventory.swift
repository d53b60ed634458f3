public import SQLText

/// Everything that hangs on a table, as its catalog has it: what a table that takes its place must have as well.
///
/// Texts are the server's own renderings, read with an empty search_path: every name outside pg_catalog is qualified.
public struct TableInventory: Sendable, Hashable, Codable {
  public var relation: Relation
  public var columns: [Column]
  /// Owned by its columns: serial and identity.
  public var sequences: [Sequence]
  /// By kind and name; from PostgreSQL 18 on NOT NULL constraints are among them.
  public var constraints: [Constraint]
  /// Of other tables; a table's reference to itself is among `constraints`.
  public var incomingForeignKeys: [IncomingForeignKey]
  public var indexes: [Index]
  /// Without internal ones and those a partition has from its parent.
  public var triggers: [Trigger]
  public var rules: [Rule]
  public var policies: [Policy]
  public var publications: [Publication]
  public var statistics: [Statistics]
  /// In the order in which they can be created.
  public var dependents: [Dependent]
  /// Roles that ALTER DEFAULT PRIVILEGES gives something on what is created in the table's schema.
  public var defaultPrivileges: DefaultPrivileges

  public var name: QualifiedName { relation.name }
  public func column(_ name: String) -> Column? { columns.first { $0.name == name } }
  public func constraint(_ name: String) -> Constraint? { constraints.first { $0.name == name } }
  public func index(_ name: String) -> Index? { indexes.first { $0.name.name == name } }
}

/// One entry of an access control list.
public struct Grant: Sendable, Hashable, Codable {
  /// `nil`: PUBLIC.
  public var grantee: String?
  public var grantor: String
  /// `SELECT`, `USAGE`, …
  public var privilege: String
  public var isGrantable: Bool
}

/// A label of a security label provider.
public struct SecurityLabel: Sendable, Hashable, Codable {
  public var provider: String
  public var label: String
}

/// Grantees of default privileges, by what they apply to. PUBLIC is not among them.
public struct DefaultPrivileges: Sendable, Hashable, Codable {
  public var tables: [String]
  public var sequences: [String]
  public var functions: [String]
}
