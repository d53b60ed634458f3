import CommandLineKit

/// One command: what it takes, and a thin body over the modules that do the work.
protocol Command: Sendable {
  static var spec: CommandSpec { get }
  /// Takes over the values; mistakes that the parser cannot see are usage errors.
  init(_ parsed: ParsedCommand) throws
  func run(_ console: Console) async throws -> ExitCode
}

/// A command, or a name for several.
enum CommandNode: Sendable {
  case command(any Command.Type)
  case group(CommandSpec, [any Command.Type])

  var spec: CommandSpec {
    switch self {
    case .command(let type):
      return type.spec
    case .group(var spec, let types):
      spec.subcommands = types.map { $0.spec }
      return spec
    }
  }
}
