import SQLText

enum SessionBehindPooler: Rule {
  static let code = "lint.session_behind_pooler"
  static let severity = LintFinding.Severity.refusal
  static let summary = "Behind a transaction pooler, state of the session lands in somebody else's."
  static let advice = "SET LOCAL and transaction-level locks, or run the step over session_target"
  static let nodes: [String] = []

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard context.pooled, let state = subject.statement.sessionState else { return [] }
    return [
      finding(
        subject, "the statement leaves or needs \(state), and the next statement may run on another server connection")
    ]
  }
}
