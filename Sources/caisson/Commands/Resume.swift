import CommandLineKit
import Engine
import Journal
import RunModel

/// `caisson resume ENVIRONMENT`
struct ResumeCommand: Command {
  static let spec = CommandSpec(
    "resume", summary: "go on with a stopped, paused or failed run",
    discussion: """
      Goes on where the checkpoint is, forwards or with the rollback that was under way; what failed is tried again.
      Refuses when the plan has changed since, and shows the difference (exit 7); --amend goes on with the edited plan.
      Steps that have not begun may be added, removed and changed; what is begun or done stays as it was. Approvals of the
      version before are void.
      """,
    section: Section.run, arguments: [.environment], options: [.wait, ApplyCommand.amend, .environment, .target, .variable, .output],
    examples: [
      CommandExample("caisson resume production.yaml", "the unfinished run"),
      CommandExample("caisson resume production.yaml --amend", "after a step that cannot work was corrected in the plan"),
      CommandExample("caisson resume production.yaml --wait", "as soon as the other runner's lease has ended"),
    ])

  private let parsed: ParsedCommand
  private let patience: Duration?

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    patience = try parsed.patience()
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(parsed)
    let state = try await chosen.reading("resume") { try await $0?.run(nil, of: chosen)?.state }
    let isUndo = state == .undoing || state == .rollbackFailed
    let amending = parsed.has(ApplyCommand.amend)
    if isUndo, amending { throw parsed.usageError("a rollback goes on with the plan it began with") }
    return try await RunCommand(
      chosen: chosen, verb: isUndo ? .rollback : .resume, patience: patience, console: console
    ).run { isUndo ? try await $0.rollback() : try await $0.resume(amending: amending) }
  }
}
