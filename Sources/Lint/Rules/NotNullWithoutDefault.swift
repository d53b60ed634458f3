import JSONText
import SQLText

enum NotNullWithoutDefault: Rule {
  static let code = "lint.not_null_without_default"
  static let summary = "ADD COLUMN … NOT NULL without a default fails on a table that has rows."
  static let advice = "add it with a constant DEFAULT, or nullable, fill it, then column.not_null"
  static let nodes = ["AlterTableStmt"]

  private static let filling: Set = ["CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.filter { $0.subtype == "AT_AddColumn" }.compactMap { command in
      let kinds = Set(command.constraints.compactMap { $0.word("contype") })
      let isRequired = !kinds.isDisjoint(with: ["CONSTR_NOTNULL", "CONSTR_PRIMARY"])
      guard isRequired, kinds.isDisjoint(with: filling), !VolatileDefault.isSerial(command) else { return nil }
      return finding(
        subject,
        "the new column has no value for the rows that \(table) already has (SQLSTATE 23502), and "
          + "INSERTs that do not know it fail", at: command.definition["location"])
    }
  }
}
