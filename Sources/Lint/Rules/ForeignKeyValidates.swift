import JSONText
import SQLText

enum ForeignKeyValidates: Rule {
  static let code = "lint.foreign_key_validates"
  static let summary = "ADD FOREIGN KEY without NOT VALID checks every row while both tables refuse writes."
  static let advice =
    "ADD CONSTRAINT … NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own (constraint.add)"
  static let nodes = ["AlterTableStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.flatMap { command in
      command.constraints.filter { $0.word("contype") == "CONSTR_FOREIGN" && !$0.flag("skip_validation") }
        .filter { _ in command.subtype != "AT_AddColumn" || hasDefault(command) }
        .map { key in
          finding(
            subject,
            "every row of \(table)\(context.size(of: table)) is checked under SHARE ROW EXCLUSIVE on it "
              + "and on \(key["pktable"]?.relation.map { "\($0)" } ?? "the referenced table")",
            blocks: "writes to both tables wait for the whole scan", at: key["location"])
        }
    }
  }

  /// A new column without a default holds NULL only: nothing to check.
  private static func hasDefault(_ command: AlterTableCommand) -> Bool {
    command.constraints.contains { $0.word("contype") == "CONSTR_DEFAULT" }
  }
}
