import JSONText
import SQLText

enum DetachWithoutConcurrently: Rule {
  static let code = "lint.detach_without_concurrently"
  static let summary = "DETACH PARTITION without CONCURRENTLY takes ACCESS EXCLUSIVE on the whole partitioned table."
  static let advice =
    "DETACH PARTITION … CONCURRENTLY outside a transaction (impossible while there is a DEFAULT partition)"
  static let nodes = ["AlterTableStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.filter { $0.subtype == "AT_DetachPartition" && !$0.definition.flag("concurrent") }.map {
      _ in
      finding(
        subject, "DETACH takes ACCESS EXCLUSIVE on \(table)",
        blocks: "readers and writers of all its partitions queue behind it, as long as the oldest query runs")
    }
  }
}
