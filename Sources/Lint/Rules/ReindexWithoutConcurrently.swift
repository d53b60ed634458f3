import JSONText
import SQLText

enum ReindexWithoutConcurrently: Rule {
  static let code = "lint.reindex_without_concurrently"
  static let summary = "REINDEX without CONCURRENTLY stops writes, and reads that would use the index."
  static let advice = "REINDEX … CONCURRENTLY outside a transaction"
  static let nodes = ["ReindexStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard !subject.tree.isOn("params", "concurrently"), !around.isNew(subject.relation) else { return [] }
    let target = subject.relation.map { "\($0)" } ?? subject.tree.word("name") ?? "the database"
    return [
      finding(
        subject,
        "REINDEX of \(target)\(context.size(of: subject.relation)) locks the table against writes and "
          + "each index against use",
        blocks: "writers, and readers whose plan needs the index, wait for the whole rebuild")
    ]
  }
}
