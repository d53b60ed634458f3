import JSONText
import SQLText

enum DropIndexWithoutConcurrently: Rule {
  static let code = "lint.drop_index_without_concurrently"
  static let summary = "DROP INDEX without CONCURRENTLY takes ACCESS EXCLUSIVE on the table."
  static let advice = "DROP INDEX CONCURRENTLY outside a transaction (index.drop keeps the definition for rollback)"
  static let nodes = ["DropStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree.word("removeType") == "OBJECT_INDEX", !subject.tree.flag("concurrent") else { return [] }
    return subject.statement.droppedRelations.filter { !around.isNew($0) }.map {
      finding(subject, "dropping \($0) takes ACCESS EXCLUSIVE on its table",
              blocks: "readers and writers queue behind it, as long as the oldest query on the table runs")
    }
  }
}
