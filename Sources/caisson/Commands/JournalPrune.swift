import CommandLineKit
import Engine
import JSONText
import Journal
import PlanModel
import PlanSchema
import Synchronization

/// `caisson journal prune ENVIRONMENT --keep DURATION`
struct JournalPruneCommand: Command {
  static let keep = OptionSpec.value("keep", "DURATION", .text, "runs that ended within it stay: 90d, 52 weeks (required)")

  static let spec = CommandSpec(
    "prune", summary: "take old runs out of the journal",
    discussion: """
      Whole runs, one transaction each: steps, tasks, attempts and events go, an anchor keeps the chain of events
      provable. Never a run that is not over, that has crossed a point of no return or has work to finalize, nor the last
      word about a step, which later runs carry over from. Evidence stays. What ended within 30 days takes the journal's
      owner; older runs a runner, too.
      """,
    arguments: [.environment], options: [keep, RollbackCommand.dryRun, .yes, .environment, .target, .variable, .output],
    examples: [
      CommandExample("caisson journal prune production.yaml --keep 180d --dry-run", "which runs would go"),
      CommandExample("caisson journal prune production.yaml --keep 180d --yes", "in a cron job"),
    ])

  private let parsed: ParsedCommand
  private let kept: TimeSpan

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    guard let text = parsed.value(Self.keep) else {
      throw parsed.usageError("say with --keep how long finished runs stay, for example --keep 90d")
    }
    do { kept = try TimeSpan(parsing: text) } catch {
      throw parsed.usageError("option '--keep': \(error.message); \(error.hint)")
    }
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let keep = kept.duration
    let consent = Consent(chosen: chosen, console: console, answeredYes: parsed.has(.yes))
    if parsed.has(RollbackCommand.dryRun) || consent.isNeeded {
      let found = try await chosen.writing("prune") { try await Pruning($0, keep: keep).candidates() }
      if parsed.has(RollbackCommand.dryRun) {
        show(found, done: nil, console)
        return .done
      }
      guard try await consent.given(to: "Prune \(found.count) runs for good?", after: found.map(\.line)) else {
        return .stopped
      }
    }
    let gone = Gone()
    let outcome = try await chosen.writing("prune") { connection in
      try await Pruning(connection, keep: keep).run(actor: Operator.name) { gone.append($0) }
    }
    show(gone.all, done: outcome, console)
    return .done
  }

  private func show(_ runs: [Pruning.Candidate], done: Pruning.Outcome?, _ console: Console) {
    switch console.format {
    case .ndjson: for run in runs { console.print(run.json) }
    case .json:
      console.print([
        "dry_run": .bool(done == nil), "runs": .array(runs.map(\.json)),
        "events": .int(Int64(runs.reduce(0) { $0 + $1.events })), "runners": .int(Int64(done?.runners ?? 0)),
        "firings": .int(Int64(done?.firings ?? 0)),
      ])
    case .text:
      for run in runs { console.print(run.line) }
      let events = runs.reduce(0) { $0 + $1.events }
      let verb = done == nil ? "would go" : "are gone"
      console.print(runs.isEmpty ? "no run is old enough to go" : "\(runs.count) runs with \(events) events \(verb)")
    }
  }
}

extension Pruning.Candidate {
  var line: String { "  \(run.prefix(8))  \(plan) on \(environment), \(state) \(Instant.short(finishedAt)), \(events) events" }

  var json: JSON {
    [
      "run": .string(run), "plan": .string(plan), "environment": .string(environment), "state": .string(state),
      "finished_at": .string(finishedAt), "events": .int(Int64(events)),
    ]
  }
}

/// What went, in order.
private final class Gone: Sendable {
  private let runs = Mutex<[Pruning.Candidate]>([])
  func append(_ run: Pruning.Candidate) { runs.withLock { $0.append(run) } }
  var all: [Pruning.Candidate] { runs.withLock { $0 } }
}
