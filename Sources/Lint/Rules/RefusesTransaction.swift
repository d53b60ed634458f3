import SQLText

/// PostgreSQL answers 25001 to some commands inside a transaction block.
enum RefusesTransaction: Rule {
  static let code = "lint.refuses_transaction"
  static let severity = LintFinding.Severity.refusal
  static let summary = "A statement that PostgreSQL refuses inside a transaction block stands in one."
  static let advice = "run it on its own, outside the transaction"
  static let nodes: [String] = []

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard around.inTransaction, subject.statement.refusesTransaction else { return [] }
    return [finding(subject, "PostgreSQL refuses this statement inside a transaction block (SQLSTATE 25001)")]
  }
}
