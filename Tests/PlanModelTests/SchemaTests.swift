import JSONText
import PlanModel
import PlanSchema
import Testing

@Suite struct SchemaTests {
  @Test("the schema names every kind and its parameters")
  func kinds() {
    let schema = LanguageSchema.json(ToySteps.registry)
    let step = schema["$defs"]?["step"]
    #expect(step?["properties"]?["uses"]?["enum"] == ["gdpr.export", "index.create", "sql.run"])
    #expect(step?["allOf"]?.array?.count == 3)
    #expect(schema["$defs"]?["with.index.create"]?["required"] == ["table", "columns"])
    #expect(schema["$defs"]?["plan"]?["required"] == ["caisson", "plan", "steps"])
    #expect(schema["$defs"]?["environment"]?["required"] == ["environment"])
    #expect(schema["$defs"]?["environment"]?["oneOf"] == [["required": ["target"]], ["required": ["targets"]]])
  }

  @Test("keys the reader refuses are not in the schema; keys it reads are", arguments: [
    ("environment", "approvals", true), ("environment", "role", true), ("plan", "requires", false),
    ("plan", "defaults", true), ("step", "schedule", true), ("overlay", "schedule", true), ("plan", "schedule", false),
    ("environment", "schedule", false), ("step", "for_each", true), ("step", "max_stall", true),
    ("overlay", "uses", false), ("overlay", "skip", true),
  ])
  func keys(_ definition: String, _ key: String, _ isThere: Bool) {
    let schema = LanguageSchema.json(ToySteps.registry)
    #expect((schema["$defs"]?[definition]?["properties"]?[key] != nil) == isThere)
  }
}
