import JSONText
import SQLText

enum StorageRewrites: Rule {
  static let code = "lint.storage_rewrites"
  static let summary =
    "SET LOGGED, UNLOGGED, TABLESPACE or ACCESS METHOD copies the whole table under ACCESS EXCLUSIVE."
  static let advice = "copy online into a table made that way, and swap"
  static let nodes = ["AlterTableStmt"]

  private static let subtypes = [
    "AT_SetLogged": "SET LOGGED", "AT_SetUnLogged": "SET UNLOGGED", "AT_SetTableSpace": "SET TABLESPACE",
    "AT_SetAccessMethod": "SET ACCESS METHOD",
  ]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.compactMap { subtypes[$0.subtype] }.map {
      finding(
        subject, "\($0) copies \(table)\(context.size(of: table)) and its indexes",
        blocks: "readers and writers wait for the whole copy")
    }
  }
}
