import CommandLineKit
import RunModel

/// `caisson cancel ENVIRONMENT --reason TEXT`
struct CancelCommand: Command {
  static let spec = CommandSpec(
    "cancel", summary: "end the run where it stands, without taking anything back",
    discussion: """
      Whoever works on it stops at the next checkpoint. What is done stays done, and a later apply carries it over;
      what was half done stays half done: to undo it, use `rollback` instead, also on a canceled run.
      """,
    section: Section.intervene, arguments: [.environmentFirst],
    options: [.reason, .run, .wait, .environment, .target, .variable, .output],
    examples: [
      CommandExample(#"caisson cancel staging.yaml --reason "wrong branch""#, "the plan may be edited and applied again")
    ])

  private let request: WishRequest

  init(_ parsed: ParsedCommand) throws { request = try WishRequest(parsed, .cancel) }

  func run(_ console: Console) async throws -> ExitCode { try await request.run(console) }
}
