import JSONText
import SQLText

enum RefreshBlocksReads: Rule {
  static let code = "lint.refresh_blocks_reads"
  static let summary = "REFRESH MATERIALIZED VIEW without CONCURRENTLY locks out its readers."
  static let advice = "a unique index and REFRESH … CONCURRENTLY (matview.create sees to both)"
  static let nodes = ["RefreshMatViewStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard !subject.tree.flag("concurrent"), !subject.tree.flag("skipData"), let view = subject.relation,
      !around.isNew(view)
    else { return [] }
    return [
      finding(subject, "REFRESH takes ACCESS EXCLUSIVE on \(view)\(context.size(of: view))",
              blocks: "its readers wait as long as its query runs")
    ]
  }
}
