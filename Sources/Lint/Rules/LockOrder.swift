import SQLText

enum LockOrder: Rule {
  static let code = "lint.lock_order"
  static let summary = "One transaction takes strong locks on several tables, not in the order of their names."
  static let advice = "one transaction per table, or the order of their names everywhere"
  static let nodes: [String] = []

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard around.inTransaction else { return [] }
    var latest = around.held.filter { !around.isNew($0) }.max()
    for lock in subject.locks where lock.mode.stallsOthers && !around.isNew(lock.relation) {
      if let latest, lock.relation < latest, !around.held.contains(lock.relation) {
        return [
          finding(subject, "the transaction locks \(lock.relation) after \(latest)",
                  blocks: "another transaction that takes them the other way round deadlocks with it, and both tables "
                    + "stay locked until the end")
        ]
      }
      latest = max(latest ?? lock.relation, lock.relation)
    }
    return []
  }
}
