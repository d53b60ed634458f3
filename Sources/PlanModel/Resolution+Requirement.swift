internal import PlanSchema
internal import PluginAPI

extension Resolution {
  /// `allow_difference` opens a door: each entry has to name a step and a parameter that are there.
  func checkRequirement(
    _ environment: EnvironmentKeys?, _ expansion: StepExpansion, _ report: inout Diagnostics
  ) {
    for entry in environment?.requires?.allowDifference ?? [] { check(entry, expansion, &report) }
  }

  private func check(_ entry: Located<String>, _ expansion: StepExpansion, _ report: inout Diagnostics) {
    let known = expansion.standFor.keys.sorted()
    // A step's name may have dots of its own: the longest that fits.
    let step = known.filter { entry.value == $0 || entry.value.hasPrefix($0 + ".") }.max { $0.count < $1.count }
    guard let step else {
      let typed = String(entry.value.prefix { $0 != "." })
      report.error(
        "step.unknown", "the plan has no step `\(typed)`", at: entry.range,
        hint: "write STEP.PARAMETER", didYouMean: report.nearest(to: typed, in: known))
      return
    }
    let path = entry.value.dropFirst(step.count + 1)
    let parameter = String(path.prefix { $0 != "." && $0 != "[" })
    guard !parameter.isEmpty else {
      report.error(
        "evidence.difference", "`\(entry.value)` names a whole step", at: entry.range,
        hint: "name each parameter that may differ: \(step).PARAMETER")
      return
    }
    check(parameter, of: step, entry, expansion, &report)
  }

  private func check(
    _ parameter: String, of step: String, _ entry: Located<String>, _ expansion: StepExpansion,
    _ report: inout Diagnostics
  ) {
    let ids = expansion.standFor[step] ?? []
    let uses = expansion.steps.first { ids.contains($0.id) }?.node["uses"]?.text
    guard let kind = uses.flatMap({ registry[$0] }) else { return }
    if parameter == "skip", !kind.isGate {
      report.error(
        "evidence.difference", "a step that was skipped elsewhere is not proven, and only a gate may run all the same",
        at: entry.range, hint: "run \(step) there too, or skip it here")
      return
    }
    let names = Self.keys(of: kind) + ["needs", "schedule"] + (kind.isGate ? ["skip"] : [])
    guard !names.contains(parameter) else { return }
    report.error(
      "parameter.unknown", "\(kind.name) has no parameter `\(parameter)`", at: entry.range,
      didYouMean: report.nearest(to: parameter, in: names))
  }

  private static func keys<Kind: StepKind>(of kind: Kind.Type) -> [String] { Kind.Parameters.fields.map(\.key) }
}
