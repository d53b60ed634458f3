import JSONText
import SQLText

enum VacuumFull: Rule {
  static let code = "lint.vacuum_full"
  static let summary = "VACUUM FULL rewrites the table under ACCESS EXCLUSIVE."
  static let advice = "plain VACUUM, or an online rebuild (pg_repack) where space must go back to the disk"
  static let nodes = ["VacuumStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree.isOn("options", "full") else { return [] }
    let name = subject.locks.first?.relation
    return [
      finding(subject, "VACUUM FULL rewrites \(name.map { "\($0)" } ?? "every table")\(context.size(of: name))",
              blocks: "readers and writers wait for the whole rewrite")
    ]
  }
}
