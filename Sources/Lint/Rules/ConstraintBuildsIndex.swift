import JSONText
import SQLText

enum ConstraintBuildsIndex: Rule {
  static let code = "lint.constraint_builds_index"
  static let summary = "ADD PRIMARY KEY, UNIQUE or EXCLUDE builds its index under ACCESS EXCLUSIVE."
  static let advice = "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX"
  static let nodes = ["AlterTableStmt"]

  private static let kinds = [
    "CONSTR_PRIMARY": "the primary key", "CONSTR_UNIQUE": "the unique constraint",
    "CONSTR_EXCLUSION": "the exclusion constraint",
  ]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.flatMap(\.constraints).compactMap { constraint in
      guard let kind = kinds[constraint.word("contype") ?? ""], constraint["indexname"] == nil else { return nil }
      return finding(subject, "\(kind) builds its index on \(table)\(context.size(of: table)) under ACCESS EXCLUSIVE",
                     blocks: "readers and writers wait until the index is built", at: constraint["location"])
    }
  }
}
