import CommandLineKit
import Sandbox

/// `caisson sandbox down [NAME]`
struct SandboxDownCommand: Command {
  static let spec = CommandSpec(
    "down", summary: "stop it; its data stays", arguments: [SandboxGroup.name], options: [.output],
    examples: [CommandExample("caisson sandbox down", "safe to repeat")])

  private let name: String

  init(_ parsed: ParsedCommand) { name = parsed.argument(SandboxGroup.name) ?? SandboxGroup.fallback }

  func run(_ console: Console) async throws -> ExitCode {
    let cluster = try PrivateCluster(name: name)
    try await cluster.down()
    if console.format == .text {
      let isThere = FileKind(cluster.folder) != .missing
      console.note(
        isThere ? "sandbox \(name) is stopped; its data is in \(cluster.folder)" : "there is no sandbox \(name)")
    } else {
      await SandboxReport(cluster).print(on: console)
    }
    return .done
  }
}
