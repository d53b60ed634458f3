package import JSONText
internal import PlanSchema
package import PluginAPI

/// The JSON Schema of plan and environment files, from the declarations that read them.
package enum LanguageSchema {
  package static func json(_ registry: StepRegistry) -> JSON {
    let kinds = registry.kinds.map { kind in ("with." + kind.name, parameters(of: kind)) }
    return [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "Caisson plans and environments",
      "anyOf": [["$ref": "#/$defs/plan"], ["$ref": "#/$defs/environment"]],
      "$defs": .object(
        JSONObject(
          [("plan", plan), ("environment", environment), ("step", step(registry)), ("overlay", overlay)] + kinds)),
    ]
  }

  private static func parameters<Kind: StepKind>(of kind: Kind.Type) -> JSON {
    var schema = Kind.Parameters.shape.jsonSchema
    schema.set("description", .string(Kind.summary))
    return schema
  }

  private static var plan: JSON {
    var schema = PlanKeys.shape.jsonSchema
    schema.set(property: "caisson", ["const": .int(Int64(PlanKeys.version)), "description": "Format version."])
    schema.set(
      property: "steps",
      [
        "type": "object", "minProperties": 1, "additionalProperties": ["$ref": "#/$defs/step"],
        "description": "Steps by id; `needs` orders them.",
      ])
    schema.set(property: "variables", ["type": "object", "description": "Variables with their values."])
    return schema
  }

  private static var environment: JSON {
    var schema = EnvironmentKeys.shape.jsonSchema
    schema.set(
      property: "steps",
      [
        "type": "object", "additionalProperties": ["$ref": "#/$defs/overlay"],
        "description": "Changes to the plan's steps, merged by step id.",
      ])
    schema.set(property: "variables", ["type": "object", "description": "Values for the plan's variables."])
    schema.set("oneOf", [["required": ["target"]], ["required": ["targets"]]])
    return schema
  }

  private static var stepFields: [KeyedField] {
    StepKeys.fields + [
      KeyedField("for_each", Field("One step for each item; ${each} and ${each.key} stand for it.", .list(.any)))
    ] + PolicyKeys.fields
  }

  /// A step's parameters depend on its kind.
  private static func step(_ registry: StepRegistry) -> JSON {
    var schema = Shape.object(stepFields).jsonSchema
    schema.set(property: "uses", ["enum": .array(registry.names.map(JSON.string)), "description": "Step kind."])
    let choices = registry.names.map { name -> JSON in
      [
        "if": ["properties": ["uses": ["const": .string(name)]]],
        "then": ["properties": ["with": ["$ref": .string("#/$defs/with." + name)]]],
      ]
    }
    if !choices.isEmpty { schema.set("allOf", .array(choices)) }
    return schema
  }

  private static var overlay: JSON {
    let fields = stepFields.filter { $0.key != "uses" && $0.key != "for_each" }
    return Shape.object(fields).jsonSchema
  }
}

extension JSON {
  fileprivate mutating func set(_ key: String, _ value: JSON) {
    guard case .object(var object) = self else { return }
    object[key] = value
    self = .object(object)
  }

  fileprivate mutating func set(property: String, _ value: JSON) {
    guard case .object(var properties)? = self["properties"] else { return }
    properties[property] = value
    set("properties", .object(properties))
  }
}
