import JSONText
import SQLText

enum CodeNotRead: Rule {
  static let code = "lint.code_not_read"
  static let severity = LintFinding.Severity.note
  static let summary = "DO blocks and procedures run statements that no rule has seen."
  static let advice = "plain statements, which can be read, locked and undone one by one"
  static let nodes = ["DoStmt", "CallStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    [finding(subject, "what this code does to which tables is not known before it runs")]
  }
}
