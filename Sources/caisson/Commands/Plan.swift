import CommandLineKit
import PlanModel

/// `caisson plan ENVIRONMENT`
struct PlanCommand: Command {
  static let sql = OptionSpec.flag("sql", "print only the SQL")
  static let steps = OptionSpec.value("step", "STEP", .text, "only this step", repeatable: true)

  static let spec = CommandSpec(
    "plan", summary: "show what apply would do, without doing any of it",
    discussion: """
      Compiles every step in one READ ONLY transaction; a journal is not needed. Shows operations, locks per relation,
      sizes, missing privileges, and from which step on there is no way back.

      Each phase is exact, predicted (from today's catalog and the effects of earlier steps) or known only after a
      step has run. The statements printed for an exact phase are the statements that will run. Exit 0, or 5 when a
      step is refused.

      Where the environment requires another one, or an earlier run has left evidence here, each step has a forecast from
      what was measured there and how large the tables are here: time, WAL, disk and the longest lock, and for the plan the
      sum and the longest chain.
      """,
    section: Section.check, arguments: [.environment],
    options: [sql, steps, .environment, .target, .variable, .output],
    examples: [
      CommandExample("caisson plan staging.yaml", "one block per step"),
      CommandExample("caisson plan staging.yaml --sql --step index", "the SQL of one step"),
    ])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(parsed)
    chosen.showWarnings(on: console)
    let only = try parsed.values(Self.steps).map { try chosen.step(named: $0, for: parsed).id }
    let view = PlanView(chosen.resolved, try await chosen.preview(), only: only)
    show(view, on: console)
    return view.refusals.isEmpty ? .done : .refused
  }

  private func show(_ view: PlanView, on console: Console) {
    switch console.format {
    case .json: console.print(view.json)
    case .ndjson: for record in view.records { console.print(record) }
    case .text:
      let lines = parsed.has(Self.sql) ? view.sql : view.lines(console.output.palette)
      console.print(lines.joined(separator: "\n"))
    }
  }
}
