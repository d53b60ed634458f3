internal import JSONText
internal import PlanSchema
internal import YAMLTree

extension Environment {
  /// What the target's journal is called: `production`, or `production:eu` for one of many.
  package var targetName: String { targetKey.map { "\(name):\($0)" } ?? name }
}

extension EnvironmentKeys {
  /// The environment for each of its databases, in the order of the file.
  var values: [Environment] {
    if let targets { return targets.map { value(for: $0.value, session: sessionTargets[$0.key], key: $0.key) } }
    return target.map { [value(for: $0, session: sessionTarget, key: nil)] } ?? []
  }

  func checkTargets(_ report: inout Diagnostics) {
    if targets == nil, target == nil { report.missingTarget(at: $target) }
    if targets != nil, target != nil {
      report.error("target.twice", "`target` is for one database and `targets` for many: not both", at: $target)
    }
    checkNames(&report)
    checkSessions(&report)
  }

  private func checkNames(_ report: inout Diagnostics) {
    guard let targets else { return }
    if targets.isEmpty { report.error("target.none", "at least one database has to be named", at: $targets) }
    var seen: [ConnectionReference: String] = [:]
    for entry in targets {
      if !StepName.isValid(entry.key) {
        report.error("name.form", "`\(entry.key)` is not a name", at: entry.range, hint: StepName.rule)
      }
      if let other = seen[entry.value], entry.value != .sandbox(nil) {
        report.error("target.twice", "`\(entry.key)` is the same database as `\(other)`", at: entry.range)
      }
      seen[entry.value] = entry.key
    }
  }

  private func checkSessions(_ report: inout Diagnostics) {
    if targets != nil, sessionTarget != nil {
      report.error(
        "target.session", "`session_target` is for one database", at: $sessionTarget,
        hint: "write session_targets: with the names of `targets`")
    }
    guard let targets else {
      if !sessionTargets.isEmpty {
        report.error(
          "target.session", "`session_targets` goes with `targets`", at: $sessionTargets, hint: "write session_target:")
      }
      return
    }
    for entry in sessionTargets where targets[entry.key] == nil {
      report.error(
        "target.unknown", "`targets` has no `\(entry.key)`", at: entry.range,
        didYouMean: report.nearest(to: entry.key, in: targets.keys))
    }
  }
}

extension Diagnostics {
  fileprivate mutating func missingTarget(at range: SourceRange) {
    error("key.missing", "the key `target` is required", at: range, hint: "or `targets`, for many databases")
  }
}

extension Node {
  /// Said of an environment however much else is wrong with it.
  func requireTarget(_ report: inout Diagnostics) {
    guard pairs != nil, self["target"] == nil, self["targets"] == nil else { return }
    report.missingTarget(at: range.firstCharacter)
  }

  /// Where the databases stand that are not the chosen one: what they need is not needed.
  func otherTargets(than chosen: String?) -> [SourceRange] {
    guard let chosen else { return [] }
    let targets = (self["targets"]?.pairs ?? []) + (self["session_targets"]?.pairs ?? [])
    return targets.filter { $0.key.text != chosen }.map(\.value.range)
  }
}
