import JSONText
import SQLText

enum DropWithDependents: Rule {
  static let code = "lint.drop_with_dependents"
  static let severity = LintFinding.Severity.refusal
  static let summary = "DROP without CASCADE fails while something depends on the object."
  static let advice = "drop or change the dependents first, each by name"
  static let nodes = ["DropStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree.word("behavior") != "DROP_CASCADE" else { return [] }
    return subject.statement.droppedRelations.compactMap { relation in
      guard let dependents = context.relation(relation)?.dependents, !dependents.isEmpty else { return nil }
      return finding(subject, "\(relation) has dependents: \(dependents.joined(separator: ", ")) (SQLSTATE 2BP01)")
    }
  }
}
