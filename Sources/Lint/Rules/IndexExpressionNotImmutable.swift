import JSONText
import SQLText

enum IndexExpressionNotImmutable: Rule {
  static let code = "lint.index_not_immutable"
  static let severity = LintFinding.Severity.refusal
  static let summary = "An index expression or predicate calls a function that is not IMMUTABLE: PostgreSQL refuses it."
  static let advice =
    "use a literal bound and replace the index now and then (index.rolling does), or an immutable expression"
  static let nodes = ["IndexStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    let parts = [("predicate", subject.tree["whereClause"]), ("expression", subject.tree["indexParams"])]
    return parts.flatMap { part, tree in
      (tree.map { QueryWalk($0).calls } ?? []).filter(\.isChanging).prefix(1).map { call in
        finding(
          subject, "functions in an index \(part) must be IMMUTABLE, \(call.name) is not (SQLSTATE 42P17)",
          at: call.location)
      }
    }
  }
}
