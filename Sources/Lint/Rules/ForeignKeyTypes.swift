import JSONText
import SQLText

enum ForeignKeyTypes: Rule {
  static let code = "lint.foreign_key_types"
  static let summary = "The two sides of a foreign key have different types: its checks cannot use the index well."
  static let advice = "give the referencing column the type of the referenced one first (column.type)"
  static let nodes = ["AlterTableStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, let here = context.relation(table) else { return [] }
    let keys = subject.commands.filter { $0.subtype == "AT_AddConstraint" }.flatMap(\.constraints)
    return keys.flatMap { key -> [LintFinding] in
      guard let other = key["pktable"]?.relation, let there = context.relation(other) else { return [] }
      return zip(key.names("fk_attrs"), key.names("pk_attrs")).compactMap { mine, theirs in
        guard let type = here.columnTypes[mine], let wanted = there.columnTypes[theirs], type != wanted else {
          return nil
        }
        return finding(subject, "\(table).\(mine) is \(type), \(other).\(theirs) is \(wanted)", at: key["location"])
      }
    }
  }
}
