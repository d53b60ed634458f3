import CommandLineKit
import Engine
import Journal
import PlanModel
import SQLText

/// `caisson finalize ENVIRONMENT`
struct FinalizeCommand: Command {
  static let now = OptionSpec.flag("now", "also what is not due yet")

  static let spec = CommandSpec(
    "finalize", summary: "carry out what a successful run has put off",
    discussion: """
      Some steps leave a last phase for later: until then a rollback loses nothing written since. `status` shows when it
      is due; a worker carries it out by itself.
      """,
    section: Section.run, arguments: [.environment], options: [now, .wait, .environment, .target, .variable, .output],
    examples: [
      CommandExample("caisson finalize production.yaml", "what is due"),
      CommandExample("caisson finalize production.yaml --now", "the way back is not wanted any more"),
    ])

  private let parsed: ParsedCommand
  private let patience: Duration?

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    patience = try parsed.patience()
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(parsed)
    let early = parsed.has(Self.now)
    let due = try await chosen.reading("finalize") {
      try await $0?.firstToFinalize(
        plan: chosen.resolved.plan.name, environment: chosen.resolved.environment.name)?.finalizeDue
    }
    guard let due else {
      throw CommandFailure(.refused, "\(chosen.title): nothing was put off", next: chosen.next("status"))
    }
    return try await RunCommand(chosen: chosen, verb: .finalize, patience: patience, console: console).run { runner in
      if let report = try await runner.finalize(early: early) { return report }
      throw EngineError(
        .refused, "nothing is due before \(Instant.short(due))",
        hint: "caisson finalize --now does not wait: then a rollback loses what was written since")
    }
  }
}
