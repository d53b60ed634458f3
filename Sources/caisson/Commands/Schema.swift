import CommandLineKit

/// `caisson schema`
struct SchemaCommand {
  static let kind = ArgumentSpec("KIND", "only the parameters of one kind of step", arity: .optional)

  static let spec = CommandSpec(
    "schema", summary: "print the JSON Schema of plans and environments",
    discussion: "Made from the declarations that decode, every plugin included: an editor that uses it is never behind.",
    section: Section.check, arguments: [kind],
    examples: [
      CommandExample("caisson schema > caisson.schema.json", "for an editor's YAML language server"),
      CommandExample("caisson schema index.create", "what index.create takes"),
    ])
}
