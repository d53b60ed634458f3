import BuiltinPlugins
import CommandLineKit
import Engine
import JSONText
import PlanModel
import PluginAPI

/// `caisson rollback ENVIRONMENT`
struct RollbackCommand: Command {
  static let to = OptionSpec.value("to", "STEP", .text, "keep this step and what it needs, take back the rest")
  static let dryRun = OptionSpec.flag("dry-run", "show what would be done")

  static let spec = CommandSpec(
    "rollback", summary: "take a run back, step by step, in reverse",
    discussion: """
      Every undo is recorded like forward work: a rollback can be killed and resumed. Refused when a later run has
      changed the same relations, or beyond a point of no return; both are listed. Exit 0 when all that was to be taken
      back is; an apply that had to roll back by itself exits with 8.
      """,
    section: Section.run, arguments: [.environment],
    options: [to, dryRun, .wait, .environment, .target, .variable, .yes, .output],
    examples: [
      CommandExample("caisson rollback staging.yaml --dry-run", "the statements that would run"),
      CommandExample("caisson rollback staging.yaml --to table", "all but step table and what it needs"),
    ])

  private let parsed: ParsedCommand
  private let patience: Duration?

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    patience = try parsed.patience()
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(parsed)
    let kept = try parsed.value(Self.to).map { try chosen.step(named: $0, for: parsed).id }
    if parsed.has(Self.dryRun) {
      show(try await preview(chosen, keeping: kept), of: chosen, on: console)
      return .done
    }
    let consent = Consent(chosen: chosen, console: console, answeredYes: parsed.has(.yes))
    if consent.isNeeded {
      let view = try await preview(chosen, keeping: kept)
      guard try await consent.given(to: "Roll back \(chosen.title)?", after: view.lines()) else { return .stopped }
    }
    return try await RunCommand(chosen: chosen, verb: .rollback, patience: patience, console: console)
      .run { try await $0.rollback(to: kept) }
  }

  private func preview(_ chosen: ChosenEnvironment, keeping kept: String?) async throws -> UndoView {
    let target = try await chosen.target()
    let operations: [(step: String, operation: Operation)]
    do {
      operations = try await Runner(chosen.resolved, target: target, registry: .builtin).rollbackPreview()
    } catch {
      await target.close()
      throw error
    }
    await target.close()
    return UndoView(operations, keeping: kept, in: chosen.resolved.plan)
  }

  private func show(_ view: UndoView, of chosen: ChosenEnvironment, on console: Console) {
    switch console.format {
    case .json: console.print(view.json)
    case .ndjson: for record in view.records { console.print(record) }
    case .text: console.print(view.lines(console.output.palette).joined(separator: "\n"))
    }
  }
}
