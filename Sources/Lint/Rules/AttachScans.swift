import JSONText
import SQLText

enum AttachScans: Rule {
  static let code = "lint.attach_scans"
  static let summary = "ATTACH PARTITION reads the whole new partition unless a validated CHECK implies its bound."
  static let advice =
    "first ADD CHECK (bound, and key IS NOT NULL) NOT VALID and VALIDATE it; build the indexes and keys beforehand"
  static let nodes = ["AlterTableStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.statement.altersTable, let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.filter { $0.subtype == "AT_AttachPartition" }.compactMap { command in
      guard let partition = command.partition, !around.isNew(partition), !around.hasValidCheck(partition),
        !(context.relation(partition)?.hasCheck ?? false)
      else { return nil }
      return finding(
        subject,
        "\(partition)\(context.size(of: partition)) is scanned under ACCESS EXCLUSIVE and gets any "
          + "missing index; a DEFAULT partition is scanned too",
        blocks: "whoever uses the partition waits for the scan and the builds")
    }
  }
}
