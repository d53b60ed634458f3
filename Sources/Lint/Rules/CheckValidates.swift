import JSONText
import SQLText

enum CheckValidates: Rule {
  static let code = "lint.check_validates"
  static let summary = "ADD CHECK without NOT VALID scans the table under ACCESS EXCLUSIVE."
  static let advice = "ADD CONSTRAINT … CHECK … NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own"
  static let nodes = ["AlterTableStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.flatMap(\.constraints)
      .filter { $0.word("contype") == "CONSTR_CHECK" && !$0.flag("skip_validation") }
      .map { check in
        finding(subject, "every row of \(table)\(context.size(of: table)) is checked under ACCESS EXCLUSIVE",
                blocks: "readers and writers wait for the whole scan", at: check["location"])
      }
  }
}
