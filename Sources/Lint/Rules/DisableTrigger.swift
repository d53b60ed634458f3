import JSONText
import SQLText

enum DisableTrigger: Rule {
  static let code = "lint.disable_trigger"
  static let summary = "DISABLE TRIGGER switches off foreign keys, capture and audit for everybody's writes."
  static let advice = "SET LOCAL session_replication_role = replica in the one session that needs it"
  static let nodes = ["AlterTableStmt"]

  private static let subtypes: Set = ["AT_DisableTrig", "AT_DisableTrigAll", "AT_DisableTrigUser"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let table = subject.relation, !around.isNew(table) else { return [] }
    return subject.commands.filter { subtypes.contains($0.subtype) }.prefix(1).map { command in
      let which = command.name.map { "trigger \($0)" } ?? "every trigger"
      return finding(
        subject,
        "\(which) of \(table) is silent for all sessions until enabled again: writes in between are "
          + "not checked, audited or replicated", blocks: "writers queue behind SHARE ROW EXCLUSIVE")
    }
  }
}
