import JSONText
import SQLText

enum ExplicitLock: Rule {
  static let code = "lint.explicit_lock"
  static let summary = "LOCK TABLE in a mode that stalls others holds them until the transaction ends."
  static let advice = "a weaker mode, NOWAIT or a short lock_timeout, and nothing slow after it"
  static let nodes = ["LockStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let lock = subject.locks.first(where: { $0.mode.stallsOthers && !around.isNew($0.relation) }) else {
      return []
    }
    let others = lock.mode == .accessExclusive ? "readers and writers" : "writers"
    return [
      finding(
        subject, "\(lock.mode.rawValue) on \(lock.relation) is held until the transaction ends",
        blocks: "\(others) wait that long")
    ]
  }
}
