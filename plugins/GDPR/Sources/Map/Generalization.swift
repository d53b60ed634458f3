import JSONText
import PlanSchema
import PluginAPI

/// How much of a value is left: `year` of a date, the tens of a number, the first characters of a text, a network.
enum Generalization: ParameterValue, Hashable {
  enum Unit: String, CaseIterable, Sendable { case day, week, month, quarter, year, decade }

  case unit(Unit)
  case count(Int)

  static var shape: Shape { .oneOf([.enumeration(Unit.allCases.map(\.rawValue)), .integer]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> Generalization? {
    if case .integer(let count) = node.resolved {
      guard count > 0, count <= 1_000_000_000 else {
        report.error("gdpr.map.action", "a number greater than zero is expected", at: node.range)
        return nil
      }
      return .count(Int(count))
    }
    let known = Unit.allCases.map(\.rawValue)
    guard let text = report.text(node, wanted: "a unit of time or a number") else { return nil }
    guard let unit = Unit(rawValue: text) else {
      report.error(
        "value.unknown", "`\(text)` is none of \(known.joined(separator: ", ")), nor a number", at: node.range,
        didYouMean: report.nearest(to: text, in: known))
      return nil
    }
    return .unit(unit)
  }

  var json: JSON {
    switch self {
    case .unit(let unit): .string(unit.rawValue)
    case .count(let count): .int(Int64(count))
    }
  }
}
