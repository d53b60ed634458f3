import CommandLineKit
import Journal
import JSONText
import PlanModel
import PostgresClient
import RunModel
import SQLText

/// A person's word about one step of the unfinished run: retry, skip, mark-done.
struct Intervention {
  let parsed: ParsedCommand
  let reason: String
  private let id: String?

  /// A word without a reason is a usage error: the journal keeps why.
  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    reason = try parsed.requiredReason()
    id = parsed.value(.run)
  }

  /// `statement` returns a row `was, …` when it took effect.
  func run(
    _ console: Console, becomes state: StepState,
    _ statement: @escaping @Sendable (_ run: String, _ step: String, _ actor: String, _ reason: String) -> SQL
  ) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let step = try chosen.step(named: parsed.argument(.step) ?? "", for: parsed).id
    let (was, now) = try await chosen.writing(parsed.spec.name) { connection -> (String, String) in
      let run = try await liveRun(JournalReader(connection), chosen)
      guard let row = try await connection.query(statement(run, step, Operator.name, reason)).rows.first else {
        throw try await refusal(of: step, run, JournalReader(connection), chosen)
      }
      try await connection.query(JournalSQL.promote(run: run, wantedBy: row.strings("wanted_by")))
      return (try row.string("was"), row["state"] ?? state.rawValue)
    }
    show(step, was, now, chosen, console)
    return .done
  }

  private func liveRun(_ reader: JournalReader, _ chosen: ChosenEnvironment) async throws -> String {
    guard let run = try await reader.run(id, of: chosen) else {
      throw CommandFailure(.refused, "\(chosen.title): nothing has run here yet", next: chosen.next("apply"))
    }
    guard run.finishedAt == nil else {
      throw CommandFailure(
        .refused, "run \(run.id.prefix(8)) is \(run.state.rawValue): it waits for nobody's word",
        next: chosen.next("history"))
    }
    return run.id
  }

  private func refusal(
    of step: String, _ run: String, _ reader: JournalReader, _ chosen: ChosenEnvironment
  ) async throws -> CommandFailure {
    guard let record = try await reader.step(step, run: run) else {
      return CommandFailure(.usage, "run \(run.prefix(8)) has no step \(step)", next: chosen.next("status"))
    }
    if record.state.isHeld, !record.leaseExpired {
      return CommandFailure(
        .heldByAnother, "step \(step) is being worked on by \(record.holderHost ?? "another runner")",
        hint: "stop that runner first, or wait for it", next: chosen.next("status", "--watch"))
    }
    return CommandFailure(
      .refused, "step \(step) is \(record.state.rawValue): \(parsed.spec.name) does not apply to it",
      next: chosen.next("status"))
  }

  private func show(
    _ step: String, _ was: String, _ state: String, _ chosen: ChosenEnvironment, _ console: Console
  ) {
    let next = chosen.next(state == StepState.undone.rawValue ? "rollback" : "resume")
    guard console.format == .text else {
      console.print([
        "step": .string(step), "was": .string(was), "state": .string(state), "actor": .string(Operator.name),
        "reason": .string(reason), "next": .string(next),
      ])
      return
    }
    console.print("step \(step) was \(was), is \(state) now")
    console.print("next: \(next)")
  }
}
