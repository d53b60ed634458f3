import JSONText
import SQLText

enum IndexIfNotExists: Rule {
  static let code = "lint.index_if_not_exists"
  static let summary = "IF NOT EXISTS on an index accepts any leftover of that name, an invalid one included."
  static let advice =
    "leave IF NOT EXISTS out and drop an invalid leftover first; index.create classifies what it finds"
  static let nodes = ["IndexStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree.flag("if_not_exists"), !around.isNew(subject.relation) else { return [] }
    return [
      finding(
        subject,
        "an index of that name that an earlier failed build left invalid, or that has another "
          + "definition, is reported as success")
    ]
  }
}
