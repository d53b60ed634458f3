import OnlineDDL
import PluginAPI

extension RetentionFindings {
  /// Those that fire for a row that goes, or is anonymised.
  var firing: [FiringTrigger] {
    let changed = Set((wanted.set?.keys ?? []) + (wanted.json?.keys ?? []))
    let event = wanted.mode.removes ? FiringTrigger.delete : FiringTrigger.update
    return table.triggers.filter { $0.fires(on: event, setting: wanted.mode.removes ? [] : changed) }
  }

  var triggerFindings: [Finding] {
    strangers + firing.flatMap { [appendOnly($0), uneven($0), skipped($0)].compactMap { $0 } } + told
  }

  private var strangers: [Finding] {
    let names = table.triggers.map(\.name)
    return wanted.triggers.filter { !names.contains($0.key) }.map { entry in
      let near = Spelling.nearest(to: entry.key, in: names)
      return .refusal(
        "retention.trigger", "\(table.name) has no trigger \(entry.key) that fires",
        choices: near.map { ["did you mean \($0)?"] } ?? ["leave it out"], at: entry.range)
    }
  }

  /// A promise that rows stay as they are is somebody's, and is not broken in silence.
  private func appendOnly(_ trigger: FiringTrigger) -> Finding? {
    guard trigger.refuses, !trigger.isOurs, wanted.triggers[trigger.name] == nil else { return nil }
    let name = QualifiedName.readable(trigger.name)
    let verb = wanted.mode.removes ? "rows be deleted" : "rows be changed"
    return .refusal(
      "retention.append_only",
      "trigger \(trigger.name) of \(table.name) can refuse that \(verb): ending their stay needs a decision",
      choices: [
        "triggers: { \(name): { setting: \(trigger.setting ?? "a.setting"), to: \"on\" } } (a setting its function"
          + " lets through, made for each batch's own transaction)",
        "triggers: { \(name): disable } (off inside each batch's own transaction, other writers wait that long)",
        "triggers: { \(name): keep } (it lets these rows pass, or the step fails)",
      ], at: wanted.$table)
  }

  private func uneven(_ trigger: FiringTrigger) -> Finding? {
    guard wanted.triggers[trigger.name] == .disable, !trigger.isUniform else { return nil }
    return .refusal(
      "retention.trigger_state",
      "trigger \(trigger.name) is not in the same state on every partition of \(table.name), so it cannot be put back as it"
        + " was",
      choices: ["give it one state everywhere", "triggers: { \(trigger.name): keep }"], at: wanted.$triggers)
  }

  /// DROP and DETACH fire nothing.
  private func skipped(_ trigger: FiringTrigger) -> Finding? {
    guard takesPartitions else { return nil }
    return .warning(
      "retention.trigger_skipped",
      "trigger \(trigger.name) does not fire for rows that leave with their partition",
      choices: ["partitions: never (every row in batches)"], at: wanted.$partitions)
  }

  private var told: [Finding] {
    guard deletesRows || wanted.mode == .anonymize else { return [] }
    let names = firing.filter { !$0.refuses && !$0.isOurs && wanted.triggers[$0.name] == nil }.map(\.name)
    guard !names.isEmpty else { return [] }
    return [
      .warning(
        "retention.triggers",
        "fires for every row: \(names.joined(separator: ", ")); what it copies elsewhere outlives the row",
        choices: ["triggers: { \(QualifiedName.readable(names[0])): keep } (nothing is copied)",
                  "triggers: { \(QualifiedName.readable(names[0])): disable }"], at: wanted.$table)
    ]
  }

  /// Made for each batch's transaction.
  var settings: [Setting] {
    wanted.triggers.compactMap { entry in
      if case .setting(let name, let value) = entry.value { Setting(name, value) } else { nil }
    }
  }

  /// Off in each batch's transaction.
  var disabled: [FiringTrigger] { firing.filter { wanted.triggers[$0.name] == .disable } }
}
