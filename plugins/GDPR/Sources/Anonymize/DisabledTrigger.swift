import PluginAPI

/// A trigger that does not fire for our changes: disabled and enabled again within each transaction.
struct DisabledTrigger: Sendable {
  let name: TriggerName
  /// `O` fires ordinarily, `A` always, `R` on a replica.
  let mode: String

  var disable: SQL { "ALTER TABLE \(id: name.table) DISABLE TRIGGER \(id: name.trigger)" }

  var enable: SQL {
    let word: SQL = mode == "A" ? "ENABLE ALWAYS" : mode == "R" ? "ENABLE REPLICA" : "ENABLE"
    return "ALTER TABLE \(id: name.table) \(sql: word) TRIGGER \(id: name.trigger)"
  }

  /// What the statements take where a trigger is switched, since then others wait for a batch; else as the parser sees it.
  static func locks(_ statements: [SQL], _ triggers: [DisabledTrigger]) -> [RelationLock] {
    guard !triggers.isEmpty else { return [] }
    let numbered = statements.map { SQLParser.numbering(["cursor", "size"], in: $0.text) }
    let parsed = numbered.flatMap { (try? SQLParser.parse($0)) ?? [] }.flatMap(\.locks)
    return parsed.reduce(into: []) { all, lock in
      if let place = all.firstIndex(where: { $0.relation == lock.relation }) {
        all[place].mode = max(all[place].mode, lock.mode)
      } else {
        all.append(lock)
      }
    }
  }
}
