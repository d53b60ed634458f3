import CommandLineKit
import PostgresClient
import Sandbox

/// `caisson sandbox up [NAME]`
struct SandboxUpCommand: Command {
  static let spec = CommandSpec(
    "up", summary: "start it, making it first where there is none",
    discussion: """
      Prints the connection string. Server programs are found by CAISSON_PG_BIN, pg_config, PATH and Debian's paths;
      for root the server runs as an unprivileged user.
      """,
    arguments: [SandboxGroup.name], options: [.output],
    examples: [
      CommandExample("caisson sandbox up", "safe to repeat; a running one stays as it is"),
      CommandExample("psql \"$(caisson sandbox up)\"", "any program can use it"),
    ])

  private let name: String

  init(_ parsed: ParsedCommand) { name = parsed.argument(SandboxGroup.name) ?? SandboxGroup.fallback }

  func run(_ console: Console) async throws -> ExitCode {
    let cluster = try PrivateCluster(name: name)
    let target = try await cluster.up()
    if console.format == .text {
      console.print(target.redacted)
    } else {
      await SandboxReport(cluster).print(on: console)
    }
    return .done
  }
}
