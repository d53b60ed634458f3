import JSONText
import SQLText

enum BrinOnScatteredColumn: Rule {
  static let code = "lint.brin_scattered"
  static let summary = "A BRIN index helps only where a column's values follow the order of the rows on disk."
  static let advice = "a btree index, or CLUSTER-like ordering of the table first"
  static let nodes = ["IndexStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree.word("accessMethod") == "brin", let known = subject.relation.flatMap(context.relation)
    else { return [] }
    return subject.tree.list("indexParams").compactMap { $0["IndexElem"]?.word("name") }.compactMap { column in
      guard let correlation = known.correlation[column], abs(correlation) < 0.9 else { return nil }
      return finding(subject, "BRIN on \(column) will read most of the table: its correlation with the row order is "
        + "\((correlation * 100).rounded() / 100)")
    }
  }
}
