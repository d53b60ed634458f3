import JSONText
import SQLText

enum DropLosesData: Rule {
  static let code = "lint.drop_loses_data"
  static let summary = "DROP TABLE, DROP MATERIALIZED VIEW and DROP COLUMN cannot be taken back."
  static let advice = "rename it away first, wait, keep a copy (column.drop archives the values), then drop"
  static let nodes = ["DropStmt", "AlterTableStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    if subject.node == "AlterTableStmt" { return columns(subject, around) }
    guard ["OBJECT_TABLE", "OBJECT_MATVIEW"].contains(subject.tree.word("removeType")) else { return [] }
    return subject.statement.droppedRelations.filter { !around.isNew($0) }.map {
      finding(subject, "\($0)\(context.size(of: $0)) and its rows are gone for good; programs that still use it fail",
              blocks: "readers and writers queue behind ACCESS EXCLUSIVE, also of tables it references")
    }
  }

  private static func columns(_ subject: Subject, _ around: Surroundings) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.filter { $0.subtype == "AT_DropColumn" }.map {
      finding(subject, "column \($0.name ?? "") of \(table) is gone for good; programs that still name it fail")
    }
  }
}
