import BuiltinPlugins
import CommandLineKit
import Engine
import JSONText
import Journal
import PostgresClient
import RunModel

/// A person's word about a whole run: pause it, cancel it.
struct WishRequest {
  private let parsed: ParsedCommand
  private let desired: DesiredState
  private let reason: String
  private let patience: Duration

  init(_ parsed: ParsedCommand, _ desired: DesiredState) throws {
    guard let reason = parsed.value(.reason), reason.contains(where: { !$0.isWhitespace }) else {
      throw parsed.usageError("say why with --reason: the journal keeps it")
    }
    self.parsed = parsed
    self.desired = desired
    self.reason = reason
    // Whoever works on the run looks once a second.
    patience = try parsed.patience() ?? .seconds(3)
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let record = try await Wish(desired: desired, reason: reason, patience: patience).ask(of: parsed.value(.run), chosen)
    return show(record, chosen, console)
  }

  private func show(_ record: RunRecord, _ chosen: ChosenEnvironment, _ console: Console) -> ExitCode {
    let granted = record.state == desired.outcome
    let next = chosen.next(granted ? (desired == .cancel ? "apply" : "resume") : "status")
    let run = "run \(record.id.prefix(8))"
    let line =
      granted
      ? "\(run) is \(record.state.rawValue)"
      : record.finishedAt != nil
        ? "\(run) was \(record.state.rawValue) before it heard of it"
        : "\(run) is asked to \(desired.rawValue), and stops at its next checkpoint"
    if console.format == .text {
      console.print(line)
      console.print("next: \(next)")
    } else {
      console.print([
        "run": .string(record.id), "state": .string(record.state.rawValue), "desired": .string(desired.rawValue),
        "actor": .string(Operator.name), "reason": .string(reason), "next": .string(next),
      ])
    }
    return granted || record.finishedAt == nil ? .done : .refused
  }
}

/// What is asked of a run, and how long whoever works on it has to grant it.
struct Wish: Sendable {
  let desired: DesiredState
  let reason: String
  let patience: Duration

  /// The run as it stands then; `id` is the latest where none is named.
  func ask(of id: String?, _ chosen: ChosenEnvironment) async throws -> RunRecord {
    let target = try await chosen.target()
    do {
      let record = try await ask(of: id, chosen, target)
      await target.close()
      return record
    } catch {
      await target.close()
      throw error
    }
  }

  private func ask(of id: String?, _ chosen: ChosenEnvironment, _ target: Target) async throws -> RunRecord {
    let run = try await chosen.writing(desired.rawValue) { try await note(on: $0, id, chosen) }
    let runner = Runner(chosen.resolved, target: target, registry: .builtin)
    let end = ContinuousClock.now + patience
    var record = try await runner.granting(run, actor: Operator.name)
    while record.state != desired.outcome, record.finishedAt == nil, ContinuousClock.now < end {
      try await Task.sleep(for: .milliseconds(250))
      record = try await runner.granting(run, actor: Operator.name)
    }
    return record
  }

  private func note(on connection: Connection, _ id: String?, _ chosen: ChosenEnvironment) async throws -> String {
    guard let run = try await JournalReader(connection).run(id, of: chosen) else {
      throw CommandFailure(.refused, "\(chosen.title): nothing has run here yet", next: chosen.next("apply"))
    }
    let statement = JournalSQL.setDesired(run.id, desired, by: Operator.name, reason: reason)
    guard try await connection.query(statement).rows.first != nil else {
      throw CommandFailure(
        .refused, "run \(run.id.prefix(8)) is \(run.state.rawValue): there is nothing to \(desired.rawValue)",
        next: chosen.next("history"))
    }
    return run.id
  }
}

extension DesiredState {
  /// What a run is that was asked to pause or to be canceled.
  fileprivate var outcome: RunState { self == .cancel ? .canceled : .paused }
}
