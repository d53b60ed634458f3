public import SQLText

extension TableInventory {
  /// When a trigger or a rule fires.
  public enum Enabled: String, Sendable, Hashable, Codable {
    case origin = "O"
    case disabled = "D"
    case replica = "R"
    case always = "A"
  }

  public struct Trigger: Sendable, Hashable, Codable {
    public var oid: Int64
    public var name: String
    /// `pg_get_triggerdef`: names table and function.
    public var definition: String
    public var enabled: Enabled
    public var isConstraint: Bool
    public var comment: String?
  }

  public struct Rule: Sendable, Hashable, Codable {
    public var oid: Int64
    public var name: String
    /// The table or view whose rule it is.
    public var table: QualifiedName
    /// `pg_get_ruledef`
    public var definition: String
    public var enabled: Enabled
    public var comment: String?
  }

  /// A row security policy.
  public struct Policy: Sendable, Hashable, Codable {
    public var oid: Int64
    public var name: String
    public var table: QualifiedName
    public var isPermissive: Bool
    /// `ALL`, `SELECT`, …
    public var command: String
    /// `nil` in it: PUBLIC.
    public var roles: [String?]
    public var using: String?
    public var check: String?
    public var comment: String?
  }

  /// How a publication has the table.
  public struct Publication: Sendable, Hashable, Codable {
    public enum Scope: String, Sendable, Hashable, Codable {
      /// Named in it.
      case table
      /// `FOR TABLES IN SCHEMA`: a table that takes its place in the schema is in it by itself.
      case schema
      /// `FOR ALL TABLES`
      case allTables
      /// A partitioned table above it is named in it.
      case parent
    }

    public var name: String
    public var scope: Scope
    /// The server's rendering, without `WHERE`.
    public var rowFilter: String?
    /// `nil`: all.
    public var columns: [String]?
    public var publishesViaRoot: Bool
  }

  /// CREATE STATISTICS.
  public struct Statistics: Sendable, Hashable, Codable {
    public var oid: Int64
    public var name: QualifiedName
    /// Between name and FROM: `(dependencies) ON a, b`.
    public var body: String
    /// −1: the server's default.
    public var target: Int
    public var owner: String
    public var comment: String?
  }
}
