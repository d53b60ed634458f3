import JSONText
import SQLText

enum IndexWithoutConcurrently: Rule {
  static let code = "lint.index_without_concurrently"
  static let summary = "CREATE INDEX without CONCURRENTLY stops all writes to the table while it builds."
  static let advice =
    "CREATE INDEX CONCURRENTLY outside a transaction; the step index.create does it and repairs leftovers"
  static let nodes = ["IndexStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    let isOnly = !(subject.tree["relation"]?.flag("inh") ?? false)
    guard !subject.tree.flag("concurrent"), !isOnly, let table = subject.relation, !around.isNew(table) else {
      return []
    }
    return [
      finding(
        subject, "building the index takes a SHARE lock on \(table)\(context.size(of: table))",
        blocks: "every INSERT, UPDATE and DELETE on it waits until the build is done")
    ]
  }
}
