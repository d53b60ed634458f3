import CommandLineKit

/// `caisson sandbox up|down|psql|status`
enum SandboxGroup {
  static let spec = CommandSpec(
    "sandbox", summary: "a private PostgreSQL on this machine, for trying things", section: Section.begin)

  static let cluster = ArgumentSpec("NAME", "which sandbox [default]", arity: .optional)
}

/// `caisson sandbox up [NAME]`
struct SandboxUpCommand {
  static let spec = CommandSpec(
    "up", summary: "start it, making it first where there is none",
    discussion: "Prints the connection string. An environment reaches it as target: sandbox, or sandbox:NAME.",
    arguments: [SandboxGroup.cluster], options: [.output],
    examples: [CommandExample("caisson sandbox up", "binaries are found by pg_config, PATH and Debian's paths")])
}

/// `caisson sandbox down [NAME]`
struct SandboxDownCommand {
  static let remove = OptionSpec.flag("remove", "delete its data too")

  static let spec = CommandSpec(
    "down", summary: "stop it; its data stays",
    arguments: [SandboxGroup.cluster], options: [remove, .yes, .output],
    examples: [CommandExample("caisson sandbox down --remove -y", "leave nothing behind")])
}

/// `caisson sandbox psql [NAME] [-- ARG ...]`
struct SandboxPsqlCommand {
  static let name = OptionSpec.value("name", "NAME", .text, "which sandbox", default: "default")
  static let words = ArgumentSpec("ARG", "handed to psql; after -- where they start with a dash", arity: .rest)

  static let spec = CommandSpec(
    "psql", summary: "open psql in it",
    arguments: [words], options: [name],
    examples: [CommandExample("caisson sandbox psql -- -c 'SELECT version()'", "one statement")])
}

/// `caisson sandbox status [NAME]`
struct SandboxStatusCommand {
  static let spec = CommandSpec(
    "status", summary: "say whether it runs, and where",
    arguments: [SandboxGroup.cluster], options: [.output],
    examples: [CommandExample("caisson sandbox status -o json", "version, folder, port and connection string")])
}
