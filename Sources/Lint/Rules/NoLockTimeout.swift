import SQLText

enum NoLockTimeout: Rule {
  static let code = "lint.no_lock_timeout"
  static let summary = "Without lock_timeout a statement waits for its lock forever, and everybody else behind it."
  static let advice = "SET lock_timeout = '500ms' before it, and try again; steps of a plan do both by themselves"
  static let nodes: [String] = []

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard !context.pinsLockTimeout, !around.hasLockTimeout, !around.said.contains(code),
      !subject.statement.refusesTransaction,
      let lock = subject.locks.first(where: { $0.mode.stallsOthers && !around.isNew($0.relation) })
    else { return [] }
    return [
      finding(subject, "the statement waits without limit for \(lock.mode.rawValue) on \(lock.relation)",
              blocks: "everybody who wants the table after it waits as well, behind one long query or idle transaction")
    ]
  }
}
