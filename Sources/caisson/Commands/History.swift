import CommandLineKit
import Engine
import JSONText
import Journal
import RunModel

/// `caisson history ENVIRONMENT`
struct HistoryCommand: Command {
  private static let limit = OptionSpec.limit(20)

  static let spec = CommandSpec(
    "history", summary: "list the runs of a target",
    section: Section.watch, arguments: [.environment], options: [limit, .environment, .target, .variable, .output],
    examples: [CommandExample("caisson history production.yaml -n 5", "the last five runs")])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let limit = parsed.integer(Self.limit) ?? 20
    let runs = try await ChosenEnvironment(looking: parsed).reading("history") { try await $0?.history(limit: limit) ?? [] }
    switch console.format {
    case .json: console.print(.array(runs.map(\.json)))
    case .ndjson: for run in runs { console.print(run.json) }
    case .text: console.print(table(runs))
    }
    return .done
  }

  private func table(_ runs: [RunRecord]) -> TextTable {
    var table = TextTable([
      .left("run"), .left("plan"), .left("environment"), .left("state"), .left("started"), .right("took"),
      .left("by", shrinks: true),
    ])
    for run in runs {
      table.add([
        String(run.id.prefix(8)), run.plan, run.environment, run.state.rawValue, Instant.short(run.createdAt),
        Humanised.duration(.milliseconds(Int64(run.seconds * 1000))), run.startedBy,
      ])
    }
    return table
  }
}
