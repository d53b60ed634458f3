import JSONText
import SQLText

enum VolatileDefault: Rule {
  static let code = "lint.volatile_default"
  static let summary = "ADD COLUMN with a volatile default, identity or stored expression rewrites the table."
  static let advice =
    "add the column without it, set the default for new rows, fill the old ones in batches (column.add)"
  static let nodes = ["AlterTableStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.filter { $0.subtype == "AT_AddColumn" }.compactMap { command in
      guard let reason = reason(command) else { return nil }
      return finding(
        subject, "\(reason), so \(table)\(context.size(of: table)) is rewritten under ACCESS EXCLUSIVE",
        blocks: "readers and writers wait for the whole rewrite", at: command.definition["location"])
    }
  }

  private static func reason(_ command: AlterTableCommand) -> String? {
    if isSerial(command) { return "a serial column computes a value for every row" }
    for constraint in command.constraints {
      switch constraint.word("contype") {
      case "CONSTR_IDENTITY": return "an identity column computes a value for every row"
      case "CONSTR_GENERATED": return "a stored generated column is computed for every row"
      case "CONSTR_DEFAULT":
        let calls = constraint["raw_expr"].map { QueryWalk($0).calls } ?? []
        if let call = calls.first(where: { $0.isVolatile || !$0.isBuiltin }) {
          return "\(call.name)() \(call.isVolatile ? "gives" : "may give") another value for every row"
        }
      default: break
      }
    }
    return nil
  }

  static func isSerial(_ command: AlterTableCommand) -> Bool {
    let type = command.definition["typeName"]?.names("names").last ?? ""
    return ["serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"].contains(type)
  }
}
