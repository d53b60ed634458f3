public import SQLText

/// What a plugin has to say about things that outlive a run: `caisson status` asks and shows it, a line each.
public struct StatusQuery: Sendable {
  /// The member of status's JSON: `materialized_views`.
  public var name: String
  /// Asked only where all of these exist.
  public var relations: [QualifiedName]
  /// Rows `(line text, detail jsonb)`, read-only and quick: one sentence for a person, the same for a program.
  public var sql: SQL

  public init(_ name: String, of relations: [QualifiedName], _ sql: SQL) {
    self.name = name
    self.relations = relations
    self.sql = sql
  }
}
