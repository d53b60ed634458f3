public import SQLText

extension TableInventory {
  /// An object outside the table that refers to it, directly or through another one, and goes on referring to it by
  /// its oid when the name is another table's.
  public struct Dependent: Sendable, Hashable, Codable {
    public var oid: Int64
    public var object: Object
    /// Oids of the table and of dependents it refers to itself.
    public var refersTo: [Int64]
    /// Uses the row type of the table or of a dependent view: neither CREATE OR REPLACE nor a new oid leaves it alone.
    public var usesRowType: Bool
    /// Constraints of the table it relies on: GROUP BY a primary key, ON CONFLICT ON CONSTRAINT.
    public var constraints: [String]
    /// As the server describes it: `view v`, `function f(integer)`.
    public var description: String
  }

  public enum Object: Sendable, Hashable, Codable {
    /// A view or materialized view.
    case view(View)
    /// With a body of BEGIN ATOMIC, or with the row type among its arguments or in its result.
    case function(Function)
    /// Of another table.
    case rule(Rule)
    /// Of another table.
    case policy(Policy)
    /// Of a kind that nothing here can create again: a column of the row type, an inheritance child, …
    case other
  }

  /// A view or materialized view with everything on it.
  public struct View: Sendable, Hashable, Codable {
    public var relation: Relation
    public var columns: [Column]
    /// `pg_get_viewdef`, without the final semicolon.
    public var definition: String
    /// Of a materialized view.
    public var indexes: [Index]
    public var triggers: [Trigger]
    /// Without the one that makes it a view.
    public var rules: [Rule]
    public var statistics: [Statistics]

    public var isMaterialized: Bool { relation.kind == .materializedView }
  }

  public struct Function: Sendable, Hashable, Codable {
    public var oid: Int64
    /// With its argument types, quoted and qualified: `public.f(integer)`.
    public var signature: String
    public var name: QualifiedName
    public var isProcedure: Bool
    /// `pg_get_functiondef`: CREATE OR REPLACE.
    public var definition: String
    public var owner: String
    public var grants: [Grant]
    public var comment: String?
    public var securityLabels: [SecurityLabel]
  }
}
