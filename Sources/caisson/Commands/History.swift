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
    let (runs, approvals, forecasts) = try await ChosenEnvironment(looking: parsed).reading("history") { reader in
      let runs = try await reader?.history(limit: limit) ?? []
      let ids = runs.map(\.id)
      return (runs, try await reader?.approvals(runs: ids) ?? [], try await reader?.forecasts(of: ids) ?? [:])
    }
    let votes = Dictionary(grouping: approvals, by: \.run)
    switch console.format {
    case .json: console.print(.array(runs.map { json($0, votes, forecasts) }))
    case .ndjson: for run in runs { console.print(json(run, votes, forecasts)) }
    case .text: console.print(table(runs, votes, forecasts))
    }
    return .done
  }

  private func json(
    _ run: RunRecord, _ votes: [String: [ApprovalRecord]], _ forecasts: [String: ForecastRecord]
  ) -> JSON {
    var object = run.json.object ?? JSONObject()
    object["forecast"] = forecasts[run.id]?.json
    object["approvals"] = .array(votes[run.id, default: []].map(\.json))
    return .object(object)
  }

  /// What only some runs have, a column is made for where one has it.
  private func table(
    _ runs: [RunRecord], _ votes: [String: [ApprovalRecord]], _ forecasts: [String: ForecastRecord]
  ) -> TextTable {
    var table = TextTable([
      .left("run"), .left("plan"), .left("environment"), .left("state"), .left("started"), .right("took"),
      .left("by", shrinks: true),
    ] + (votes.isEmpty ? [] : [.left("approved by")]) + (forecasts.isEmpty ? [] : [.left("its work")]))
    for run in runs {
      table.add([
        String(run.id.prefix(8)), run.plan, run.environment, run.state.rawValue, Instant.short(run.createdAt),
        Humanised.duration(.milliseconds(Int64(run.seconds * 1000))), run.startedBy,
      ] + (votes.isEmpty ? [] : [votes[run.id, default: []].map(\.role).joined(separator: ", ")])
        + (forecasts.isEmpty ? [] : [forecasts[run.id]?.total?.text ?? ""]))
    }
    return table
  }
}
