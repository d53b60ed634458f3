import CommandLineKit
import RunModel

/// `caisson pause ENVIRONMENT --reason TEXT`
struct PauseCommand: Command {
  static let spec = CommandSpec(
    "pause", summary: "let whoever works on the run stop at the next checkpoint",
    discussion: """
      From any terminal or machine. Chunks end, a statement gets 10 s and is then canceled; nothing committed is lost.
      Until `resume` nobody goes on with the run, no worker either.
      """,
    section: Section.intervene, arguments: [.environmentFirst],
    options: [.reason, .run, .wait, .environment, .target, .variable, .output],
    examples: [
      CommandExample(#"caisson pause production.yaml --reason "sale starts at noon""#, "then: caisson resume"),
      CommandExample(#"caisson pause production.yaml --reason "backup" --wait=5min"#, "returns when it is paused"),
    ])

  private let request: WishRequest

  init(_ parsed: ParsedCommand) throws { request = try WishRequest(parsed, .pause) }

  func run(_ console: Console) async throws -> ExitCode { try await request.run(console) }
}
