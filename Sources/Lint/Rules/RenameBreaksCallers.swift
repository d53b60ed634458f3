import JSONText
import SQLText

enum RenameBreaksCallers: Rule {
  static let code = "lint.rename_breaks_callers"
  static let summary = "A renamed table, view or column breaks every program that still uses the old name."
  static let advice = "leave the old name as a view, or expand and contract (column.rename)"
  static let nodes = ["RenameStmt", "AlterObjectSchemaStmt"]

  private static let kinds = [
    "OBJECT_TABLE": "table", "OBJECT_VIEW": "view", "OBJECT_MATVIEW": "materialized view", "OBJECT_COLUMN": "column",
    "OBJECT_FOREIGN_TABLE": "table", "OBJECT_SCHEMA": "schema",
  ]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    let tree = subject.tree
    guard let kind = kinds[tree.word("renameType") ?? tree.word("objectType") ?? ""], !around.isNew(subject.relation)
    else { return [] }
    let new = tree.word("newname") ?? tree.word("newschema") ?? ""
    guard !subject.effects.renamed.contains(where: { around.isNew($0.from) }) else { return [] }
    return [
      finding(subject, "programs that use the old name of the \(kind) fail from the moment \(new) takes its place, "
        + "functions and dynamic SQL in the database included")
    ]
  }
}
