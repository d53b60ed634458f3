internal import JSONText
internal import Synchronization
public import YAMLTree

/// Declares one key of a mapping: its type, help, default and whether it is tuning.
///
///     @Parameter("Index to drop.") var name: QualifiedName
///     @Parameter("Partitions ahead.") var premake = 12
///
/// `$name` is the place the value was written at: where a finding points.
@propertyWrapper
public struct Parameter<Value: ParameterValue>: Sendable {
  let help: String
  let fallback: Value?
  let tuning: Bool
  private let slot = Slot<Value>()

  /// Required, unless the type has a value for a missing key (optionals do).
  public init(_ help: String, tuning: Bool = false) {
    self.help = help
    self.fallback = Value.absent
    self.tuning = tuning
    Declarations.note(self)
  }

  /// With a default.
  public init(wrappedValue: Value, _ help: String, tuning: Bool = false) {
    self.help = help
    self.fallback = wrappedValue
    self.tuning = tuning
    Declarations.note(self)
  }

  public var wrappedValue: Value {
    if let value = slot.content?.value ?? fallback { return value }
    // Reachable only by using a set that `read` did not return: there is nothing sensible to answer.
    preconditionFailure("a required parameter is used before it was read (\(help))")
  }

  public var projectedValue: SourceRange { slot.content?.range ?? .nowhere }
}

/// Written once, by `read`; a class because readers reach the wrapper through a `Mirror`, which copies it.
private final class Slot<Value: Sendable>: Sendable {
  struct Content {
    let value: Value
    let range: SourceRange
  }

  private let state = Mutex<Content?>(nil)

  var content: Content? { state.withLock { $0 } }

  func fill(_ value: Value, _ range: SourceRange) { state.withLock { $0 = Content(value: value, range: range) } }
}

/// A declared parameter whatever its type.
protocol AnyParameter: Sendable {
  var field: Field { get }
  var currentJSON: JSON? { get }
  func fill(_ key: String, _ map: Node, _ report: inout Diagnostics) -> Bool
}

extension Parameter: AnyParameter {
  var field: Field {
    Field(help, Value.shape, fallback: fallback?.json, required: fallback == nil, tuning: tuning)
  }

  /// `nil` when the key need not be written: it has no value, and none is its default.
  var currentJSON: JSON? {
    let json = (slot.content?.value ?? fallback)?.json
    return json == .null && fallback?.json == .null ? nil : json
  }

  func fill(_ key: String, _ map: Node, _ report: inout Diagnostics) -> Bool {
    guard let node = map[key] else {
      guard let fallback else {
        report.missing(key, in: map)
        return false
      }
      slot.fill(fallback, map.range.firstCharacter)
      return true
    }
    guard let value = Value.read(node, &report) else { return false }
    slot.fill(value, node.range)
    return true
  }
}
