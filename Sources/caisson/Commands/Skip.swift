import CommandLineKit
import Journal
import RunModel

/// `caisson skip ENVIRONMENT STEP --reason TEXT`
struct SkipCommand: Command {
  static let spec = CommandSpec(
    "skip", summary: "go on without a step",
    discussion: "The step counts as skipped, by you, for your reason; what needs it runs as if it were done.",
    section: Section.intervene, arguments: [.environmentFirst, .step],
    options: [.reason, .run, .environment, .target, .variable, .output],
    examples: [
      CommandExample(
        #"caisson skip staging.yaml index --reason "table absent here""#, "then: caisson resume staging.yaml")
    ])

  private let intervention: Intervention

  init(_ parsed: ParsedCommand) throws { intervention = try Intervention(parsed) }

  func run(_ console: Console) async throws -> ExitCode {
    try await intervention.run(console, becomes: .skipped) {
      JournalSQL.skipStep(run: $0, step: $1, actor: $2, reason: $3)
    }
  }
}
