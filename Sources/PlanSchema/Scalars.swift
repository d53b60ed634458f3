public import JSONText
public import YAMLTree

extension String: ParameterValue {
  public static var shape: Shape { .string }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> String? { report.text(node) }
  public var json: JSON { .string(ReferenceText.escape(self)) }
}

extension Bool: ParameterValue {
  public static var shape: Shape { .boolean }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> Bool? {
    if case .boolean(let value) = node.resolved { return value }
    guard report.references(in: node, elsewhere: "a boolean") else { return nil }
    let hint = node.looksLikeOldBoolean ? "write true or false: in YAML 1.2 `\(node.text ?? "")` is text" : nil
    report.unexpected(node, wanted: "true or false", hint: hint)
    return nil
  }
  public var json: JSON { .bool(self) }
}

extension Int: ParameterValue {
  public static var shape: Shape { .integer }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> Int? {
    if case .integer(let value) = node.resolved { return Int(value) }
    guard report.references(in: node, elsewhere: "a whole number") else { return nil }
    report.unexpected(node, wanted: "a whole number of at most 64 bits")
    return nil
  }
  public var json: JSON { .int(Int64(self)) }
}

extension Double: ParameterValue {
  public static var shape: Shape { .number }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> Double? {
    switch node.resolved {
    case .integer(let value): return Double(value)
    case .float(let value) where value.isFinite: return value
    default: break
    }
    guard report.references(in: node, elsewhere: "a number") else { return nil }
    report.unexpected(node, wanted: "a finite number")
    return nil
  }
  public var json: JSON { .double(self) }
}

extension Diagnostics {
  /// Whether a scalar that is not text by type is free of references; a secret in its place is told as such.
  mutating func references(in node: Node, elsewhere wanted: String) -> Bool {
    guard let text = node.text, text.utf8.contains(UInt8(ascii: "$")), text.contains("${") else { return true }
    return self.text(node, wanted: wanted) != nil
  }
}

/// String enums: `enum Method: String, CaseIterable, ParameterValue { case range, list }`.
extension ParameterValue where Self: RawRepresentable & CaseIterable, RawValue == String {
  public static var shape: Shape { .enumeration(allCases.map(\.rawValue)) }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> Self? {
    let words = allCases.map(\.rawValue)
    // Bare `none`, `on` or a number may be one of the words: what is written counts, not its YAML type.
    if node.items == nil, node.pairs == nil, !node.isErroneous, let text = node.text, let value = Self(rawValue: text) {
      return value
    }
    let list = words.joined(separator: ", ")
    guard let text = report.text(node, wanted: "one of \(list)") else { return nil }
    report.error(
      "value.unknown", "`\(text)` is not one of \(list)", at: node.range,
      didYouMean: Spelling.nearest(to: text, in: words))
    return nil
  }

  public var json: JSON { .string(rawValue) }
}

/// Any value, taken as it is written.
extension JSON: ParameterValue {
  public static var shape: Shape { .any }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> JSON? {
    switch node.kind {
    case .sequence(let items):
      let values = items.compactMap { JSON.read($0, &report) }
      return values.count == items.count ? .array(values) : nil
    case .mapping(let pairs):
      let members = pairs.compactMap { pair in
        JSON.read(pair.value, &report).map { (pair.key.text ?? "", $0) }
      }
      return members.count == pairs.count ? .object(JSONObject(members)) : nil
    case .scalar:
      if node.isErroneous { return nil }
      if case .text = node.resolved { return report.text(node).map { .string($0) } }
      return node.json
    }
  }
  public var json: JSON {
    switch self {
    case .string(let text): .string(ReferenceText.escape(text))
    case .array(let items): .array(items.map(\.json))
    case .object(let object): .object(JSONObject(object.members.map { ($0.key, $0.value.json) }))
    default: self
    }
  }
}
