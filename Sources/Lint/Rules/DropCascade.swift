import JSONText
import SQLText

enum DropCascade: Rule {
  static let code = "lint.drop_cascade"
  static let summary = "DROP … CASCADE takes everything along that depends on the object."
  static let advice = "drop each dependent by name; without CASCADE PostgreSQL lists what was forgotten"
  static let nodes = ["DropStmt", "AlterTableStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    let cascades = subject.tree.word("behavior") == "DROP_CASCADE" || subject.commands.contains(where: \.cascades)
    guard cascades else { return [] }
    return [
      finding(subject, "views, foreign keys, functions and triggers that depend on it are dropped without being named",
              blocks: "each of them is locked as well")
    ]
  }
}
