internal import PlanSchema
internal import YAMLTree

/// Puts the values of variables where `${name}` stands. References to secrets stay as they are.
struct Substitution {
  let variables: Variables
  /// What `${each}` stands for, inside a `for_each`.
  var each: Node?
  private var budget = Budget()

  init(_ variables: Variables) { self.variables = variables }

  /// What a plan may grow to: a small file must not become a huge one.
  private struct Budget {
    var nodes = 200_000
    var text = 16 << 20
    var isReported = false
  }

  /// The plan has grown too large; the rest is not looked at.
  var isExhausted: Bool { budget.isReported }

  mutating func resolve(_ node: Node, _ report: inout Diagnostics) -> Node {
    if isExhausted { return .erroneous(at: node.range) }
    switch node.kind {
    case .sequence(let items):
      return Node(.sequence(items.map { resolve($0, &report) }), tag: node.tag, range: node.range)
    case .mapping(let pairs):
      let resolved = pairs.map { Node.Pair(key: $0.key, value: resolve($0.value, &report)) }
      return Node(.mapping(resolved), tag: node.tag, range: node.range)
    case .scalar(let text, _):
      guard text.utf8.contains(UInt8(ascii: "$")), !node.isErroneous else { return spent(node, node, &report) }
      guard let segments = report.references(in: node) else { return .erroneous(at: node.range) }
      if segments.count == 1, case .variable(let name) = segments[0] {
        guard var value = value(of: name, in: node, &report) else { return .erroneous(at: node.range) }
        // Findings about the value point at its use; nested values keep their own places.
        value.range = node.range
        return spent(value, node, &report)
      }
      return embed(segments, in: node, &report)
    }
  }

  private mutating func embed(
    _ segments: [ReferenceText.Segment], in node: Node, _ report: inout Diagnostics
  ) -> Node {
    guard segments.contains(where: { if case .variable = $0 { true } else { false } }) else {
      return spent(node, node, &report)
    }
    var parts: [ReferenceText.Segment] = []
    var isWhole = true
    for segment in segments {
      guard case .variable(let name) = segment else {
        append(segment, to: &parts)
        continue
      }
      guard let value = value(of: name, in: node, &report) else {
        isWhole = false
        continue
      }
      guard let inner = scalarSegments(value, name, in: node, &report) else {
        isWhole = false
        continue
      }
      for segment in inner { append(segment, to: &parts) }
    }
    guard isWhole else { return .erroneous(at: node.range) }
    let text = ReferenceText(parts).source
    return spent(Node(.scalar(text, .doubleQuoted), range: node.range), node, &report)
  }

  private func scalarSegments(
    _ value: Node, _ name: String, in node: Node, _ report: inout Diagnostics
  ) -> [ReferenceText.Segment]? {
    if value.isErroneous { return nil }
    if value.text != nil { return report.references(in: value) }
    report.error(
      "variable.embedded", "`${\(name)}` is \(value.kindName) and cannot stand inside text",
      at: place(of: name, in: node), hint: "let it stand alone, or refer to one of its values")
    return nil
  }

  /// Joined texts, so that two of them together cannot look like a reference.
  private func append(_ segment: ReferenceText.Segment, to parts: inout [ReferenceText.Segment]) {
    if case .text(let new) = segment, case .text(let old)? = parts.last {
      parts[parts.count - 1] = .text(old + new)
    } else {
      parts.append(segment)
    }
  }

  private func value(of name: String, in node: Node, _ report: inout Diagnostics) -> Node? {
    let range = place(of: name, in: node)
    let path = name.split(separator: ".").map(String.init)
    if path[0] == "each" { return eachValue(path, at: range, &report) }
    guard path.count == 1, let value = variables.values[name] else {
      report.error(
        "variable.unknown", "there is no variable `\(name)`", at: range,
        didYouMean: report.nearest(to: name, in: variables.names))
      return nil
    }
    if value.isErroneous { return nil }
    if value.isNull {
      report.error(
        "variable.missing", "the variable `\(name)` has no value", at: range,
        hint: "set it under `variables` of the environment, or with --var \(name)=…")
      return nil
    }
    return value
  }

  private func eachValue(_ path: [String], at range: SourceRange, _ report: inout Diagnostics) -> Node? {
    guard var value = each else {
      report.error("variable.unknown", "`${each}` has a value only in a step with `for_each`", at: range)
      return nil
    }
    for key in path.dropFirst() {
      if value.isErroneous { return nil }
      guard let next = value[key] else {
        let keys = value.pairs?.compactMap(\.key.text) ?? []
        report.error(
          "for_each.key", "this item of `for_each` has no key `\(key)`", at: range,
          didYouMean: report.nearest(to: key, in: keys),
          related: .init("the item", at: value.range.firstCharacter))
        return nil
      }
      value = next
    }
    return value.isErroneous ? nil : value
  }

  /// The reference itself where the text stands as written on one line, else the whole scalar.
  private func place(of name: String, in node: Node) -> SourceRange {
    let reference = Array("${\(name)}".unicodeScalars)
    guard case .scalar(let text, let style) = node.kind, node.range.start.line == node.range.end.line else {
      return node.range
    }
    let quotes = style == .plain ? 0 : 1
    let scalars = Array(text.unicodeScalars)
    guard node.range.end.column - node.range.start.column == scalars.count + 2 * quotes,
      let offset = scalars.indices.first(where: { scalars[$0...].starts(with: reference) })
    else { return node.range }
    var range = node.range
    range.start.column += offset + quotes
    range.start.offset += offset + quotes
    range.end = Mark(
      line: range.start.line, column: range.start.column + reference.count,
      offset: range.start.offset + reference.count)
    return range
  }

  private mutating func spent(_ value: Node, _ node: Node, _ report: inout Diagnostics) -> Node {
    spend(value)
    if budget.nodes >= 0, budget.text >= 0 { return value }
    if !budget.isReported {
      report.error(
        "plan.too_large", "with its variables in place the plan has more than 200000 values or 16MB of text",
        at: node.range)
    }
    budget.isReported = true
    return .erroneous(at: node.range)
  }

  private mutating func spend(_ node: Node) {
    guard budget.nodes >= 0, budget.text >= 0 else { return }
    budget.nodes -= 1
    switch node.kind {
    case .scalar(let text, _): budget.text -= text.utf8.count
    case .sequence(let items): for item in items { spend(item) }
    case .mapping(let pairs): for pair in pairs { spend(pair.value) }
    }
  }
}
