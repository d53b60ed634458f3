import ChildProcess
import CommandLineKit
import Sandbox

/// `caisson sandbox psql [-- ARG ...]`
struct SandboxPsqlCommand: Command {
  private static let name = OptionSpec.value(
    "name", "NAME", .text, "which sandbox", default: SandboxGroup.fallback)
  private static let database = OptionSpec.value(
    "database", short: "d", "NAME", .text, "which database of it", default: "postgres")
  private static let words = ArgumentSpec(
    "ARG", "handed to psql; after -- where one starts with a dash", arity: .rest)

  static let spec = CommandSpec(
    "psql", summary: "open psql in it", arguments: [words], options: [name, database],
    examples: [
      CommandExample("caisson sandbox psql -- -c 'SELECT version()'", "one statement"),
      CommandExample("caisson sandbox psql -d staging", "where an environment called staging has `target: sandbox`"),
    ])

  private let name: String
  private let database: String
  private let words: [String]

  init(_ parsed: ParsedCommand) {
    name = parsed.value(Self.name) ?? SandboxGroup.fallback
    database = parsed.value(Self.database) ?? "postgres"
    words = parsed.rest(Self.words)
  }

  func run(_ console: Console) async throws -> ExitCode {
    let cluster = try PrivateCluster(name: name)
    try await cluster.up()
    // Ctrl-C belongs to psql while it runs: it cancels a statement there, and must not end us underneath it.
    let signals = await UnixSignals.listen()
    defer { withExtendedLifetime(signals) {} }
    let psql = ChildProcess.Command(try await cluster.psqlCommand(database: database) + words)
    return try await psql.runInForeground().succeeded ? .done : .failed
  }
}
