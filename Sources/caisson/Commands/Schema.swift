import BuiltinPlugins
import CommandLineKit
import JSONText
import PlanModel
import PluginAPI
import Rollout

/// `caisson schema [KIND]`
struct SchemaCommand: Command {
  private static let kind = ArgumentSpec("KIND", "only the parameters of one kind of step, or rollout", arity: .optional)

  static let spec = CommandSpec(
    "schema", summary: "print the JSON Schema of plans, environments and rollouts",
    discussion: "Made from the declarations that decode, every plugin included: an editor with it is never behind.",
    section: Section.check, arguments: [kind],
    examples: [
      CommandExample("caisson schema > caisson.schema.json", "for an editor's YAML language server"),
      CommandExample("caisson schema index.create", "what index.create takes"),
      CommandExample("caisson schema rollout", "what a rollout.yaml holds"),
    ])

  private let kind: String?

  init(_ parsed: ParsedCommand) { kind = parsed.argument(Self.kind) }

  func run(_ console: Console) throws -> ExitCode {
    var schema = LanguageSchema.json(.builtin)
    if kind == "rollout" {
      schema = RolloutSchema.json
    } else if let kind {
      let name = try KindListing(registry: .builtin).kind(named: kind).name
      guard let part = schema["$defs"]?["with.\(name)"] else { return .failed }
      schema = part
    } else {
      schema = RolloutSchema.added(to: schema)
    }
    console.print(schema)
    return .done
  }
}
