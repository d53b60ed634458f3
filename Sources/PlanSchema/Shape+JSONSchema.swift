public import JSONText

extension Shape {
  /// JSON Schema 2020-12. Wherever a value is not text by itself, `${variable}` may stand for it.
  public var jsonSchema: JSON {
    switch self {
    case .any: [:]
    case .string: ["type": ["string", "number"]]
    case .null: ["type": "null"]
    case .integer: Shape.orReference(["type": "integer"])
    case .number: Shape.orReference(["type": "number"])
    case .boolean: Shape.orReference(["type": "boolean"])
    case .enumeration(let words): Shape.orReference(["enum": .array(words.map(JSON.string))])
    case .list(let item): Shape.orReference(["type": "array", "items": item.jsonSchema])
    case .map(let value): Shape.orReference(["type": "object", "additionalProperties": value.jsonSchema])
    case .oneOf(let shapes): ["anyOf": .array(shapes.map(\.jsonSchema))]
    case .object(let fields): Shape.object(fields)
    case .named(let name, let pattern, let base): Shape.named(name, pattern, base)
    }
  }

  private static let reference: JSON = ["type": "string", "pattern": "\\$\\{[^}]+\\}"]

  private static func orReference(_ schema: JSON) -> JSON { ["anyOf": [schema, reference]] }

  private static func named(_ name: String, _ pattern: String?, _ base: Shape) -> JSON {
    guard let pattern else {
      guard case .object(var object) = base.jsonSchema else { return ["title": .string(name)] }
      object["title"] = .string(name)
      return .object(object)
    }
    return ["title": .string(name), "anyOf": [["type": "string", "pattern": .string(pattern)], reference]]
  }

  private static func object(_ fields: [KeyedField]) -> JSON {
    let properties = fields.map { keyed -> (String, JSON) in
      guard case .object(var schema) = keyed.field.shape.jsonSchema else { return (keyed.key, [:]) }
      schema["description"] = .string(keyed.field.help)
      if let fallback = keyed.field.fallback, !fallback.isNull { schema["default"] = fallback }
      return (keyed.key, .object(schema))
    }
    var schema = JSONObject([
      ("type", "object"), ("properties", .object(JSONObject(properties))), ("additionalProperties", false),
    ])
    let required = fields.filter(\.field.required).map { JSON.string($0.key) }
    if !required.isEmpty { schema["required"] = .array(required) }
    return .object(schema)
  }
}
