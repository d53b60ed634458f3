import CommandLineKit

/// `caisson plugins`
struct PluginsCommand {
  static let kind = ArgumentSpec("KIND", "show this kind of step with its parameters", arity: .optional)

  static let spec = CommandSpec(
    "plugins", summary: "list the kinds of steps and their parameters",
    section: Section.check, arguments: [kind], options: [.output],
    examples: [
      CommandExample("caisson plugins", "every kind a plan may use"),
      CommandExample("caisson plugins index.create", "its parameters, types and defaults"),
    ])
}
