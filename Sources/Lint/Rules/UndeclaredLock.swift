import PluginAPI
import JSONText
import SQLText

/// A rule about an operation: what it declares is what `plan` prints and the engine prepares for.
enum UndeclaredLock: Rule {
  static let code = "lint.undeclared_lock"
  static let severity = LintFinding.Severity.refusal
  static let summary = "An operation's statements take a stronger lock than it declares: a mistake in the step's code."
  static let advice = "declare the lock in the operation"
  static let nodes = [""]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] { [] }

  /// Silent where nothing is declared: then the parsed locks are taken as they are.
  static func check(
    _ operation: Operation, _ statements: [ParsedStatement], _ around: Surroundings
  ) -> [LintFinding] {
    guard !operation.locks.isEmpty else { return [] }
    let created = Set(statements.flatMap(\.effects.created))
    return statements.filter { !namesIndex($0) }.flatMap { statement in
      statement.locks.filter { lock in
        lock.mode >= .shareUpdateExclusive && !around.isNew(lock.relation) && !created.contains(lock.relation)
          && !operation.locks.contains { $0.relation == lock.relation && $0.mode >= lock.mode }
      }.map { finding(Subject(statement), "\($0.mode.rawValue) on \($0.relation) is taken but not declared") }
    }
  }

  /// Statements that name an index lock its table too, which only the catalog knows.
  private static func namesIndex(_ statement: ParsedStatement) -> Bool {
    let kinds = ["removeType", "kind", "renameType", "objtype"].compactMap { statement.tree.word($0) }
    return !kinds.allSatisfy { $0 != "OBJECT_INDEX" && $0 != "REINDEX_OBJECT_INDEX" }
  }
}
