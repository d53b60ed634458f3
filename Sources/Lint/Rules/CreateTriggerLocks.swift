import JSONText
import SQLText

enum CreateTriggerLocks: Rule {
  static let code = "lint.create_trigger_locks"
  static let summary = "CREATE TRIGGER takes SHARE ROW EXCLUSIVE, and its function runs in every write from then on."
  static let advice = "a short lock_timeout with retries (trigger.replace), the function defined and tested before"
  static let nodes = ["CreateTrigStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return [
      finding(subject, "CREATE TRIGGER takes SHARE ROW EXCLUSIVE on \(table)",
              blocks: "writers queue behind it, as long as the oldest writing transaction lasts")
    ]
  }
}
