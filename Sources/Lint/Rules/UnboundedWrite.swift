import JSONText
import SQLText

enum UnboundedWrite: Rule {
  static let code = "lint.unbounded_write"
  static let summary = "UPDATE or DELETE without WHERE touches every row in one transaction."
  static let advice = "batches by primary key with a commit each (data.batch)"
  static let nodes = ["UpdateStmt", "DeleteStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree["whereClause"] == nil, let table = subject.relation, !around.isNew(table) else { return [] }
    let verb = subject.node == "UpdateStmt" ? "updates" : "deletes"
    return [
      finding(
        subject,
        "the statement \(verb) every row of \(table)\(context.size(of: table)) in one transaction: bloat, WAL "
          + "and replica lag in proportion", blocks: "writers of any of its rows wait until it commits")
    ]
  }
}
