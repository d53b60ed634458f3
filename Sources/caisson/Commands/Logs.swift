import CommandLineKit
import Engine
import Journal
import JSONText
import PlanModel
import RunModel

/// `caisson logs ENVIRONMENT`
struct LogsCommand: Command {
  private static let limit = OptionSpec.limit(200)

  static let spec = CommandSpec(
    "logs", summary: "print attempts with their outcomes and errors",
    discussion: "Every attempt at a step: when, by which backend, how long, how it ended, SQLSTATE, and what to do.",
    section: Section.watch, arguments: [.environment],
    options: [.step, limit, .run, .environment, .target, .variable, .output],
    examples: [CommandExample("caisson logs production.yaml --step index", "what was tried for one step")])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let step = try parsed.value(.step).map { try chosen.step(named: $0, for: parsed).id }
    let id = parsed.value(.run), limit = parsed.integer(Self.limit) ?? 200
    let attempts = try await chosen.reading("logs") { reader -> [AttemptRecord] in
      guard let reader, let run = try await reader.run(id, of: chosen) else { return [] }
      return try await reader.attempts(run: run.id, step: step).suffix(limit)
    }
    switch console.format {
    case .json: console.print(.array(attempts.map(\.json)))
    case .ndjson: for attempt in attempts { console.print(attempt.json) }
    case .text: for line in attempts.flatMap({ $0.lines(console.output.palette) }) { console.print(line) }
    }
    return .done
  }
}

extension AttemptRecord {
  /// One line, and what is known of the error below.
  func lines(_ palette: Palette) -> [String] {
    let way = direction == .undo ? "rollback, " : ""
    let ended = outcome.map(\.rawValue) ?? "running"
    let took = Humanised.duration(.milliseconds(Int64(seconds * 1000)))
    let backend = backendPID.map { ", backend \($0)" } ?? ""
    let style: Style = outcome == .ok ? .green : outcome == nil ? .cyan : .red
    let first = "\(palette(Instant.short(startedAt), .dim))  \(palette(step, .bold)): \(way)attempt \(attempt): "
      + "\(palette(ended, style)) after \(took)\(backend)"
    return [first] + errorLines.map { "    " + DisplayText.singleLine($0) }
  }

  private var errorLines: [String] {
    guard let error else { return [] }
    let state = (sqlState ?? error["sqlstate"]?.string).map { " (SQLSTATE \($0))" } ?? ""
    let labelled = ["operation", "statement", "relation", "constraint", "hint"].compactMap { key in
      error[key]?.string.map { "\(key): \($0)" }
    }
    return [(error["message"]?.string ?? "failed") + state] + labelled
  }

  var json: JSON {
    [
      "step": .string(step), "attempt": .int(Int64(attempt)), "direction": .string(direction.rawValue),
      "outcome": JSON(outcome?.rawValue), "started_at": .string(startedAt), "ended_at": JSON(endedAt),
      "seconds": .seconds(seconds), "backend_pid": backendPID.map { .int(Int64($0)) } ?? .null,
      "runner": .string(runner), "sqlstate": JSON(sqlState), "error": error ?? .null,
    ]
  }
}
