import JSONText
import SQLText

enum TypeChangeRewrites: Rule {
  static let code = "lint.type_change_rewrites"
  static let summary = "A changed column type rewrites the table and its indexes under ACCESS EXCLUSIVE."
  static let advice = "a new column, kept in step by a trigger, filled in batches and switched to (column.type)"
  static let nodes = ["AlterTableStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.statement.altersTable, let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.filter { $0.subtype == "AT_AlterColumnType" }.compactMap { command in
      let column = command.name ?? ""
      if isFree(from: context.relation(table)?.columnTypes[column], to: command.definition["typeName"]) { return nil }
      return finding(
        subject, "changing the type of \(column) rewrites \(table)\(context.size(of: table)) and its indexes",
        blocks: "readers and writers wait for the whole rewrite", at: command.definition["location"])
    }
  }

  /// A `varchar` that gets longer, or becomes `text`, keeps its rows as they are.
  private static func isFree(from old: String?, to new: JSON?) -> Bool {
    guard let old, old.hasPrefix("character varying") || old == "text", let new else { return false }
    let length = new.list("typmods").first?["A_Const"]?["ival"]?["ival"]?.int
    guard let type = new.names("names").last, type == "text" || type == "varchar" else { return false }
    guard let length else { return true }
    let before = old.split(separator: "(").last?.dropLast()
    return before.flatMap { Int64($0) }.map { $0 <= length } ?? false
  }
}
