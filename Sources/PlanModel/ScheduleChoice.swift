internal import JSONText
internal import PlanSchema
internal import YAMLTree

/// What stands under `schedule:`: a recurrence, or `none`.
enum ScheduleChoice: ParameterValue, Hashable {
  case none
  case recurring(Recurrence)

  var recurrence: Recurrence? { if case .recurring(let recurrence) = self { recurrence } else { nil } }

  static var shape: Shape { .oneOf([.enumeration(["none"]), Recurrence.shape]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> ScheduleChoice? {
    if node.text == "none" { return ScheduleChoice.none }
    if node.text != nil, !node.isErroneous, !node.isNull {
      report.unexpected(
        node, wanted: "a mapping or none",
        hint: "for example { cron: \"0 3 * * *\", zone: Europe/Paris }, or { every: 15min }")
      return nil
    }
    return Recurrence.read(node, &report).map(ScheduleChoice.recurring)
  }

  var json: JSON { recurrence?.json ?? "none" }
}

extension Overlay {
  /// An environment that gives another kind of time replaces the plan's: `every` and `cron` do not go together.
  static func schedule(_ step: Node, under change: Node) -> Node {
    guard case .mapping(var pairs) = step.kind, let over = change["schedule"],
      let place = pairs.firstIndex(where: { $0.key.text == "schedule" }), pairs[place].value.pairs != nil
    else { return step }
    if over["every"] != nil, over["cron"] == nil {
      pairs[place].value = pairs[place].value.without("cron").without("zone")
    } else if over["cron"] != nil, over["every"] == nil {
      pairs[place].value = pairs[place].value.without("every")
    }
    return Node(.mapping(pairs), tag: step.tag, range: step.range)
  }
}
