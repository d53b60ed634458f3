public import JSONText
public import YAMLTree

/// A mapping declared as a struct of `@Parameter`s; a nested group is a parameter whose type is a `ParameterSet`.
public protocol ParameterSet: ParameterValue {
  init()
  /// What no single parameter can see; runs when every key was read.
  func check(_ report: inout Diagnostics)
}

extension ParameterSet {
  public func check(_ report: inout Diagnostics) {}

  /// Keys in the order of declaration, as the plan spells them.
  public static var fields: [KeyedField] { Self().declared.map { KeyedField($0.key, $0.parameter.field) } }

  /// Keys in which environments may differ.
  public static var tuningKeys: [String] { fields.filter(\.field.tuning).map(\.key) }

  public static var shape: Shape { .object(fields) }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> Self? { reading(node, &report)?.set }

  /// Reads a node and gives its frozen specification; `nil`: what is wrong was reported.
  public static func frozen(_ node: Node, _ report: inout Diagnostics) -> JSON? {
    reading(node, &report).map { json(of: $0.declared) }
  }

  private static func reading(_ node: Node, _ report: inout Diagnostics) -> (set: Self, declared: [Declared])? {
    let (set, declared) = Declarations.of(Self.self)
    guard report.isMapping(node, allowing: declared.map(\.key)) else { return nil }
    var isComplete = true
    for (key, parameter) in declared where !parameter.fill(key, node, &report) { isComplete = false }
    guard isComplete else { return nil }
    let before = report.errorCount
    set.check(&report)
    return report.errorCount == before ? (set, declared) : nil
  }

  /// Every key with its value, defaults included: the frozen specification.
  public var json: JSON { Self.json(of: declared) }

  private static func json(of declared: [Declared]) -> JSON {
    .object(JSONObject(declared.compactMap { key, parameter in parameter.currentJSON.map { (key, $0) } }))
  }

  var declared: [Declared] { Declarations.mirrored(self) }
}

extension Diagnostics {
  var errorCount: Int { errors.count + (hasErrors ? dropped : 0) }
}

/// `onlyIfUnused` is written `only_if_unused`.
enum SnakeCase {
  static func key(_ property: Substring) -> String {
    let letters = Array(property.unicodeScalars)
    var out = ""
    for (place, letter) in letters.enumerated() {
      let isUpper = letter.properties.isUppercase
      let followsLower = place > 0 && !letters[place - 1].properties.isUppercase
      let precedesLower = place > 0 && place + 1 < letters.count && letters[place + 1].properties.isLowercase
      if isUpper, followsLower || precedesLower { out += "_" }
      out += letter.properties.lowercaseMapping
    }
    return out
  }
}
