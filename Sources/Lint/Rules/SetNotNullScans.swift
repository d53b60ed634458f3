import JSONText
import SQLText

enum SetNotNullScans: Rule {
  static let code = "lint.set_not_null_scans"
  static let summary = "SET NOT NULL scans the table under ACCESS EXCLUSIVE unless a validated CHECK proves it."
  static let advice =
    "ADD CHECK (column IS NOT NULL) NOT VALID, VALIDATE it, SET NOT NULL, drop the CHECK (column.not_null)"
  static let nodes = ["AlterTableStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.filter { $0.subtype == "AT_SetNotNull" }.compactMap { command in
      let column = command.name ?? ""
      if around.provesNotNull(column, of: table) { return nil }
      if context.relation(table)?.provenNotNull.contains(column) ?? false { return nil }
      return finding(
        subject, "every row of \(table)\(context.size(of: table)) is read to see that \(column) is not null",
        blocks: "readers and writers wait for the whole scan")
    }
  }
}
