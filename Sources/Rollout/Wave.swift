package import JSONText
package import PlanSchema
package import YAMLTree

/// How many targets, or what part of all, are done after a wave.
package enum Wave: ParameterValue, Hashable, CustomStringConvertible {
  case count(Int)
  case percent(Int)

  /// Of so many targets; a part is rounded up, so that a wave of 10% of six takes one.
  package func reached(of total: Int) -> Int {
    switch self {
    case .count(let count): min(count, total)
    case .percent(let percent): (total * percent + 99) / 100
    }
  }

  package static var shape: Shape {
    .oneOf([.integer, .named("percentage", pattern: "^([1-9][0-9]?|100)%$")])
  }

  package static func read(_ node: Node, _ report: inout Diagnostics) -> Wave? {
    guard let text = report.text(node, wanted: "a number of targets, or a percentage") else { return nil }
    let isShare = text.hasSuffix("%"), digits = isShare ? text.dropLast() : text[...]
    if digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits), number > 0, !isShare || number <= 100 {
      return isShare ? .percent(number) : .count(number)
    }
    report.error(
      "wave.form", "`\(text)` is no wave", at: node.range,
      hint: "a number of targets, from 1, or a part of all of them, up to 100%")
    return nil
  }

  package var description: String {
    switch self {
    case .count(let count): "\(count)"
    case .percent(let percent): "\(percent)%"
    }
  }

  package var json: JSON {
    switch self {
    case .count(let count): .int(Int64(count))
    case .percent: .string(description)
    }
  }
}

extension Sequence<Wave> {
  /// Which of `total` targets each wave takes; waves that add nobody are left out.
  package func slices(of total: Int) -> [Range<Int>] {
    var slices: [Range<Int>] = []
    var begun = 0
    for wave in self {
      let end = wave.reached(of: total)
      guard end > begun else { continue }
      slices.append(begun..<end)
      begun = end
    }
    return slices
  }
}
