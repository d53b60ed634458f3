import CommandLineKit

/// A small tree with everything the parser knows.
enum Sample {
  static let output = OptionSpec.value("output", short: "o", "FORMAT", .choice(["text", "json"]), "how to print",
                                       default: "text")
  static let yes = OptionSpec.flag("yes", short: "y", "do not ask")
  static let all = OptionSpec.flag("all", short: "a", "everything")
  static let wait = OptionSpec.optionalValue("wait", "DURATION", .duration, "wait for closed gates")
  static let variable = OptionSpec.value("var", "NAME=VALUE", .assignment, "set a variable", repeatable: true)
  static let limit = OptionSpec.value("limit", short: "n", "N", .integer(1...100), "how many")
  static let environment = ArgumentSpec("ENVIRONMENT", "environment file, or a folder with --env", kind: .file)
  static let extra = ArgumentSpec("ARG", "handed to psql", arity: .rest)
  static let step = ArgumentSpec("STEP", "the step", arity: .optional)

  static let apply = CommandSpec(
    "apply", summary: "run a plan, or go on with the run that was stopped",
    discussion: """
      Installs the journal where it is missing. After a crash the same command goes on with the same run; nothing that
      has been committed is done again.

        exit 4   stopped, checkpoint saved
      """,
    section: "run", arguments: [environment, step], options: [output, yes, all, wait, variable, limit],
    examples: [CommandExample("tool apply staging.yaml", "everything the plan has for staging")])
  static let psql = CommandSpec("psql", summary: "open psql", arguments: [extra])
  static let up = CommandSpec("up", summary: "start it")
  static let root = CommandSpec(
    "tool", summary: "a tool for tests",
    subcommands: [apply, CommandSpec("sandbox", summary: "a private server", section: "try", subcommands: [psql, up])])

  static func parse(_ line: String) throws -> Invocation {
    try CommandParser(root).parse(line.split(separator: " ").map(String.init))
  }

  static func command(_ line: String) throws -> ParsedCommand? {
    if case .run(let command) = try parse(line) { command } else { nil }
  }
}
