import CommandLineKit

/// `caisson resume ENVIRONMENT`
struct ResumeCommand {
  static let spec = CommandSpec(
    "resume", summary: "go on with a stopped, paused or failed run",
    discussion: """
      Goes on where the checkpoint is, forwards or with the rollback that was under way. Refuses when the plan has
      changed since, and shows the difference; apply --amend accepts it.
      """,
    section: Section.run, arguments: [.environment], options: [.run, .wait, .environment, .yes, .output],
    examples: [
      CommandExample("caisson resume production.yaml", "the latest run"),
      CommandExample("caisson resume production.yaml --wait", "as soon as the other runner's lease has ended"),
    ])
}
