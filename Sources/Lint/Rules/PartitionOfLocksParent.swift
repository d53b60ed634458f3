import JSONText
import SQLText

enum PartitionOfLocksParent: Rule {
  static let code = "lint.partition_of_locks_parent"
  static let summary = "CREATE TABLE … PARTITION OF takes ACCESS EXCLUSIVE on the partitioned table."
  static let advice = "CREATE TABLE … (LIKE parent INCLUDING ALL EXCLUDING IDENTITY), then ATTACH PARTITION"
  static let nodes = ["CreateStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree["partbound"] != nil,
      let parent = subject.tree.list("inhRelations").first?["RangeVar"]?.relation, !around.isNew(parent)
    else { return [] }
    return [
      finding(subject, "PARTITION OF takes ACCESS EXCLUSIVE on \(parent)",
              blocks: "readers and writers of all its partitions queue behind it, as long as the oldest query runs")
    ]
  }
}
