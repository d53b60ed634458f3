public import JSONText
public import YAMLTree

extension Array: ParameterValue where Element: ParameterValue {
  public static var shape: Shape { .list(Element.shape) }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> [Element]? {
    guard let items = report.sequence(node) else { return nil }
    let values = items.compactMap { Element.read($0, &report) }
    return values.count == items.count ? values : nil
  }
  public var json: JSON { .array(map(\.json)) }
}

/// A mapping with free keys, in the order of the text.
public struct OrderedMap<Value: ParameterValue>: ParameterValue, Sequence {
  public struct Entry: Sendable {
    public var key: String
    public var value: Value
    /// The place of the key.
    public var range: SourceRange
  }

  public var entries: [Entry]

  public init(_ entries: [Entry] = []) { self.entries = entries }

  public subscript(key: String) -> Value? { entries.first { $0.key == key }?.value }
  public var keys: [String] { entries.map(\.key) }
  public var isEmpty: Bool { entries.isEmpty }
  public var count: Int { entries.count }
  public func makeIterator() -> IndexingIterator<[Entry]> { entries.makeIterator() }

  public static var shape: Shape { .map(Value.shape) }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> OrderedMap? {
    guard let pairs = report.mapping(node) else { return nil }
    let entries = pairs.compactMap { pair -> Entry? in
      guard let key = pair.key.text, let value = Value.read(pair.value, &report) else { return nil }
      return Entry(key: key, value: value, range: pair.key.range)
    }
    return entries.count == pairs.count ? OrderedMap(entries) : nil
  }
  public var json: JSON { .object(JSONObject(entries.map { ($0.key, $0.value.json) })) }
}

extension OrderedMap: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, Value)...) {
    entries = elements.map { Entry(key: $0.0, value: $0.1, range: .nowhere) }
  }
}

/// A value with its own place, for findings about one item of a list.
public struct Located<Value: ParameterValue>: ParameterValue {
  public var value: Value
  public var range: SourceRange

  public init(_ value: Value, at range: SourceRange = .nowhere) {
    self.value = value
    self.range = range
  }

  public static var shape: Shape { Value.shape }
  public static var absent: Located? { Value.absent.map { Located($0) } }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> Located? {
    Value.read(node, &report).map { Located($0, at: node.range) }
  }
  public var json: JSON { value.json }
}
