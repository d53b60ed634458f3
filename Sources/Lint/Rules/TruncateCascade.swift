import JSONText
import SQLText

enum TruncateCascade: Rule {
  static let code = "lint.truncate_cascade"
  static let summary = "TRUNCATE … CASCADE empties every table that references the named ones."
  static let advice = "name each table to be emptied; without CASCADE PostgreSQL refuses what was forgotten"
  static let nodes = ["TruncateStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree.word("behavior") == "DROP_CASCADE" else { return [] }
    return [
      finding(
        subject,
        "every table with a foreign key to \(subject.effects.written.map(\.description).joined(separator: ", ")) "
          + "is emptied too, recursively", blocks: "all of them are locked at once")
    ]
  }
}
