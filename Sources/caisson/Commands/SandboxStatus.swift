import CommandLineKit
import Sandbox

/// `caisson sandbox status [NAME]`
struct SandboxStatusCommand: Command {
  static let spec = CommandSpec(
    "status", summary: "say whether it runs, and where", arguments: [SandboxGroup.name], options: [.output],
    examples: [CommandExample("caisson sandbox status -o json", "state, folder and connection string")])

  private let name: String

  init(_ parsed: ParsedCommand) { name = parsed.argument(SandboxGroup.name) ?? SandboxGroup.fallback }

  func run(_ console: Console) async throws -> ExitCode {
    await SandboxReport(try PrivateCluster(name: name)).print(on: console)
    return .done
  }
}
