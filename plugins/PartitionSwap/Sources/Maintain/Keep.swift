import JSONText
import PluginAPI

/// How much history stays: an interval before now, or a number below the greatest key.
enum Keep: ParameterValue, Hashable, CustomStringConvertible {
  case interval(CalendarInterval)
  case number(Int64)

  static var shape: Shape { .oneOf([CalendarInterval.shape, .integer]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> Keep? {
    if case .integer(let value) = node.resolved {
      if value >= 0 { return .number(value) }
      report.error("partition.keep", "a number of keys is not negative", at: node.range)
      return nil
    }
    guard let interval = CalendarInterval.read(node, &report) else { return nil }
    if !interval.isZero { return .interval(interval) }
    report.error("partition.keep", "longer than nothing", at: node.range)
    return nil
  }

  var json: JSON {
    switch self {
    case .interval(let interval): interval.json
    case .number(let count): .int(count)
    }
  }

  var description: String {
    switch self {
    case .interval(let interval): "\(interval)"
    case .number(let count): "\(count)"
    }
  }
}

enum RetireMode: String, CaseIterable, ParameterValue { case detach, drop, archive }
