public import JSONText

/// What values look like: JSON Schema, README tables and completion are printed from it.
public indirect enum Shape: Sendable {
  case string
  case integer
  case number
  case boolean
  case null
  case any
  case enumeration([String])
  case list(Shape)
  case map(Shape)
  case oneOf([Shape])
  case object([KeyedField])
  /// A type of ours written as text: `duration`, `size`, …
  case named(String, pattern: String? = nil, base: Shape = .string)
}

/// A key of a mapping, with what belongs under it.
public struct KeyedField: Sendable {
  public var key: String
  public var field: Field

  public init(_ key: String, _ field: Field) {
    self.key = key
    self.field = field
  }
}

/// A declared parameter as documentation and schema see it.
public struct Field: Sendable {
  public var help: String
  public var shape: Shape
  /// What a missing key means, as a plan would write it; `nil` for none.
  public var fallback: JSON?
  public var required: Bool
  /// Environments may differ in it without breaking promotion.
  public var tuning: Bool

  public init(_ help: String, _ shape: Shape, fallback: JSON? = nil, required: Bool = false, tuning: Bool = false) {
    self.help = help
    self.shape = shape
    self.fallback = fallback
    self.required = required
    self.tuning = tuning
  }
}

extension Shape {
  /// The type column of a README table.
  public var title: String {
    switch self {
    case .string: "text"
    case .integer: "integer"
    case .number: "number"
    case .boolean: "boolean"
    case .null: "null"
    case .any: "any value"
    case .enumeration(let words): words.map { "`\($0)`" }.joined(separator: " or ")
    case .list(let item): "list of \(item.title)"
    case .map(let value): "mapping to \(value.title)"
    case .oneOf(let shapes): shapes.map(\.title).joined(separator: " or ")
    case .object(let fields): "`{" + fields.map(\.key).joined(separator: ", ") + "}`"
    case .named(let name, _, _): name
    }
  }

  /// Words completion can offer.
  public var words: [String] {
    switch self {
    case .enumeration(let words): words
    case .boolean: ["true", "false"]
    case .oneOf(let shapes): shapes.flatMap(\.words)
    default: []
    }
  }
}
