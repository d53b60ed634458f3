import JSONText
import SQLText

enum BigWrite: Rule {
  static let code = "lint.big_write"
  static let summary = "UPDATE or DELETE on a big table in one statement, whatever its WHERE."
  static let advice = "batches by primary key with a commit each (data.batch)"
  static let nodes = ["UpdateStmt", "DeleteStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree["whereClause"] != nil, let table = subject.relation, !around.isNew(table), context.isBig(table)
    else { return [] }
    return [
      finding(
        subject,
        "one statement works through \(table)\(context.size(of: table)): nothing bounds how many rows it locks",
        blocks: "writers of those rows wait until it commits")
    ]
  }
}
