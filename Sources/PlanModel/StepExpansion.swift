internal import PlanSchema
internal import YAMLTree

/// Steps as they will run: one for each item of a `for_each`, variables in place.
struct StepExpansion {
  struct Expanded {
    /// The step's own id, or `id[1]`.
    var id: String
    /// The key in the plan's text.
    var key: Node
    var node: Node
  }

  private static let limit = 10_000

  private var substitution: Substitution
  private(set) var steps: [Expanded] = []
  /// Ids `needs` may name, with the steps they stand for.
  private(set) var standFor: [String: [String]] = [:]
  private var isOverLimit = false

  init(_ substitution: Substitution) { self.substitution = substitution }

  mutating func add(_ pair: Node.Pair, _ report: inout Diagnostics) {
    guard let id = pair.key.text else { return }
    if !StepName.isValid(id) {
      report.error("name.form", "`\(id)` is not a name for a step", at: pair.key.range, hint: StepName.rule)
    }
    standFor[id] = []
    guard report.mapping(pair.value) != nil else { return }
    guard let list = pair.value["for_each"] else { return append(id, pair.key, pair.value, of: id, &report) }
    var body = pair.value
    if let pairs = pair.value.pairs {
      body = Node(.mapping(pairs.filter { $0.key.text != "for_each" }), tag: body.tag, range: body.range)
    }
    expand(id, pair.key, body, over: list, &report)
  }

  private mutating func expand(
    _ id: String, _ key: Node, _ body: Node, over list: Node, _ report: inout Diagnostics
  ) {
    let list = substitution.resolve(list, &report)
    guard let items = report.sequence(list) else { return }
    if items.isEmpty {
      report.error(
        "for_each.empty", "`for_each` has no items", at: list.range, hint: "skip the step to leave it out")
    }
    for (place, item) in items.enumerated() {
      substitution.each = item
      append("\(id)[\(place + 1)]", key, body, of: id, &report)
      substitution.each = nil
      if isOverLimit || substitution.isExhausted { break }
    }
  }

  private mutating func append(
    _ id: String, _ key: Node, _ node: Node, of base: String, _ report: inout Diagnostics
  ) {
    guard steps.count < StepExpansion.limit else {
      if !isOverLimit { report.error("plan.too_many_steps", "more than 10000 steps", at: key.range) }
      isOverLimit = true
      return
    }
    steps.append(Expanded(id: id, key: key, node: substitution.resolve(node, &report)))
    standFor[base, default: []].append(id)
    if id != base { standFor[id] = [id] }
  }
}
