import JSONText
package import SQLText

/// One hazard. A rule looks at one statement, at what came before it in the same text, and at the catalog, if any.
package protocol Rule: Sendable {
  /// `lint.` and a name; part of the public contract.
  static var code: String { get }
  static var severity: LintFinding.Severity { get }
  /// What happens, for the documentation.
  static var summary: String { get }
  /// The safe way.
  static var advice: String { get }
  /// Root nodes of the statements it looks at; empty: all.
  static var nodes: [String] { get }
  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding]
}

extension Rule {
  package static var severity: LintFinding.Severity { .warning }

  static func finding(
    _ subject: Subject, _ what: String, blocks: String = "", rewrite: String? = nil, at location: JSON? = nil
  ) -> LintFinding {
    LintFinding(
      severity: severity, code: code, what: what, blocks: blocks, rewrite: rewrite ?? advice,
      position: subject.statement.position(of: location))
  }
}

/// A statement under examination; what several rules ask is derived once.
package final class Subject {
  package let statement: ParsedStatement
  lazy var locks: [RelationLock] = statement.locks
  lazy var effects: StatementEffects = statement.effects
  lazy var commands: [AlterTableCommand] = statement.commands
  lazy var walk = QueryWalk(kind: statement.node, body: statement.tree)
  /// Text of a function's or DO block's body.
  lazy var code: String? = Subject.code(of: statement)

  package init(_ statement: ParsedStatement) { self.statement = statement }

  var tree: JSON { statement.tree }
  var node: String { statement.node }
  /// The relation the statement names first.
  var relation: QualifiedName? { tree["relation"]?.relation }

  private static func code(of statement: ParsedStatement) -> String? {
    switch statement.node {
    case "CreateFunctionStmt": statement.tree.option("options", "as")?["arg"]?.names.first
    case "DoStmt": statement.tree.option("args", "as")?["arg"]?.names.first
    default: nil
    }
  }
}
