import CommandLineKit
import Journal
import RunModel

/// `caisson retry ENVIRONMENT STEP --reason TEXT`
struct RetryCommand: Command {
  static let spec = CommandSpec(
    "retry", summary: "let a failed or blocked step be tried again",
    discussion: "The step becomes ready with fresh attempts; resume runs it.",
    section: Section.intervene, arguments: [.environmentFirst, .step],
    options: [.reason, .run, .environment, .target, .variable, .output],
    examples: [
      CommandExample(
        #"caisson retry production.yaml index --reason "disk added""#, "then: caisson resume production.yaml")
    ])

  private let intervention: Intervention

  init(_ parsed: ParsedCommand) throws { intervention = try Intervention(parsed) }

  func run(_ console: Console) async throws -> ExitCode {
    try await intervention.run(console, becomes: .pending) {
      JournalSQL.retryStep(run: $0, step: $1, actor: $2, reason: $3)
    }
  }
}
