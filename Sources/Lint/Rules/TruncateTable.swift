import JSONText
import SQLText

enum TruncateTable: Rule {
  static let code = "lint.truncate"
  static let summary = "TRUNCATE removes all rows under ACCESS EXCLUSIVE and cannot be taken back once committed."
  static let advice = "delete in batches (data.batch), or detach and drop a partition"
  static let nodes = ["TruncateStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    subject.effects.written.filter { !around.isNew($0) }.map {
      finding(subject, "all rows of \($0)\(context.size(of: $0)) are gone for good, DELETE triggers do not fire",
              blocks: "readers and writers queue behind the lock; older snapshots see an empty table")
    }
  }
}
