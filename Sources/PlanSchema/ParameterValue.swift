public import JSONText
public import YAMLTree

/// A type a plan can hold: it reads itself from a node, says what it looks like, and prints itself canonically.
public protocol ParameterValue: Sendable {
  /// For JSON Schema, README tables and completion.
  static var shape: Shape { get }
  /// The value of a missing key; `nil`: the key is required.
  static var absent: Self? { get }
  /// `nil`: what is wrong was reported, with the node's marks.
  static func read(_ node: Node, _ report: inout Diagnostics) -> Self?
  /// As a plan would write it: hashes, the frozen specification and printed defaults are made of it, and `read`
  /// understands it.
  var json: JSON { get }
}

extension ParameterValue {
  public static var absent: Self? { nil }

  /// Reads what `json` wrote: resumed runs decode the specification frozen in the journal.
  public static func read(json: JSON) throws(InvalidInput) -> Self {
    var report = Diagnostics()
    let value = read(Node(json: json), &report)
    guard let value, !report.hasErrors else { throw InvalidInput(report) }
    return value
  }

  /// Reads a YAML text by itself: a parameter in a test or an example.
  public static func read(yaml: String, file: String = "example.yaml") throws(InvalidInput) -> Self {
    var report = Diagnostics()
    let text = YAMLText(yaml, file: file)
    report.sources[file] = text.source
    report.add(contentsOf: text.problems.map(Diagnostic.init))
    guard let root = text.root, let value = read(root, &report), !report.hasErrors else {
      throw InvalidInput(report)
    }
    return value
  }
}

extension Optional: ParameterValue where Wrapped: ParameterValue {
  public static var shape: Shape { Wrapped.shape }
  public static var absent: Wrapped?? { .some(nil) }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> Wrapped?? {
    if node.isNull, !node.isErroneous, !(node.text ?? "").isEmpty { return .some(nil) }
    return Wrapped.read(node, &report).map(Optional.some)
  }
  public var json: JSON { self?.json ?? .null }
}
