import CommandLineKit

/// `caisson rollback ENVIRONMENT`
struct RollbackCommand {
  static let to = OptionSpec.value("to", "STEP", .text, "take back what ran after this step, and keep it")
  static let dryRun = OptionSpec.flag("dry-run", "show what would be done")

  static let spec = CommandSpec(
    "rollback", summary: "take a run back, step by step, in reverse",
    discussion: """
      Every undo is recorded like forward work: a rollback can be killed and resumed. Refused when a later run has
      changed the same relations, or beyond a point of no return; both are listed.
      """,
    section: Section.run, arguments: [.environment],
    options: [to, dryRun, .run, .wait, .environment, .yes, .output],
    examples: [
      CommandExample("caisson rollback staging.yaml --dry-run", "the statements that would run"),
      CommandExample("caisson rollback staging.yaml --to table", "back to the state after step table"),
    ])
}
