import CommandLineKit
import Journal
import RunModel

/// `caisson mark-done ENVIRONMENT STEP --reason TEXT`
struct MarkDoneCommand: Command {
  static let spec = CommandSpec(
    "mark-done", summary: "declare a step done that you have finished by hand",
    discussion: "For steps that are blocked because nobody but you can know whether their work was done.",
    section: Section.intervene, arguments: [.environmentFirst, .step],
    options: [.reason, .run, .environment, .target, .variable, .output],
    examples: [
      CommandExample(
        #"caisson mark-done production.yaml vacuum --reason "seen in pg_stat""#, "then: caisson resume production.yaml")
    ])

  private let intervention: Intervention

  init(_ parsed: ParsedCommand) throws { intervention = try Intervention(parsed) }

  func run(_ console: Console) async throws -> ExitCode {
    try await intervention.run(console, becomes: .done) {
      JournalSQL.markDone(run: $0, step: $1, actor: $2, reason: $3)
    }
  }
}
