import BuiltinPlugins
import CommandLineKit
import Engine
import PlanModel
import Rehearsal

/// `caisson rehearse ENVIRONMENT`
struct RehearseCommand: Command {
  static let sample = OptionSpec.value("sample", "N%", .text, "take so many of each table's rows along, and what they refer to")
  static let rows = OptionSpec.value(
    "rows", "N", .integer(1...1_000_000_000), "take N rows of each table along, and what they refer to")
  static let keep = OptionSpec.flag("keep", "leave the clone, to look at it")

  static let spec = CommandSpec(
    "rehearse", summary: "run a plan there and back on a clone of the target",
    discussion: """
      Clones the target's schema into a private PostgreSQL on this machine (read only there, with pg_dump), and without
      --sample or --rows none of its data. On the clone the plan is applied, applied again, rolled back and applied once
      more, and the catalog is compared each time. Steps without a way back stay, with what they need, and are named; so
      is what a clone cannot show: gates, poolers, programs.

      Exit 0 when it passed, 1 with what is different when it did not. Nothing is left of it unless --keep is given.
      """,
    section: Section.check, arguments: [.environment],
    options: [sample, rows, keep, .environment, .target, .variable, .yes, .output],
    examples: [
      CommandExample("caisson rehearse staging.yaml", "the schema alone"),
      CommandExample("caisson rehearse staging.yaml --sample 5% --yes", "with rows: small tables whole, 5 % of the others"),
      CommandExample("caisson rehearse staging.yaml --keep", "then look around: caisson sandbox psql --name NAME"),
    ])

  private let parsed: ParsedCommand
  private let choice: RowChoice?

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    let sample = parsed.value(Self.sample), rows = parsed.value(Self.rows).flatMap { Int($0) }
    if sample != nil, rows != nil { throw parsed.usageError("--sample and --rows do not go together") }
    let percent = sample.flatMap(RowChoice.init(percent:))
    if let sample, percent == nil { throw parsed.usageError("'\(sample)' is no part of a hundred", suggestion: "--sample 10%") }
    choice = percent ?? rows.map(RowChoice.first)
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(parsed)
    chosen.showWarnings(on: console)
    if let choice, !(try await isWanted(choice, chosen, console)) { return .stopped }
    let stop = StopSignal(), target = try await chosen.target(), began = ContinuousClock.now
    let rehearsal = Rehearsal(
      chosen.resolved, source: target, registry: .builtin, rows: choice, keeps: parsed.has(Self.keep), stop: stop
    ) { line in if console.format == .text { console.note(line) } }
    let task = Task { try await rehearsal.run() }
    let signals = await UnixSignals.listen()
    let listener = Task { await listen(signals, stop, task, console) }
    let outcome = await task.result
    listener.cancel()
    await target.close()
    if stop.isRequested { throw CommandFailure(.stopped, "the rehearsal was stopped; nothing is left of it", next: chosen.next("rehearse")) }
    let view = RehearsalView(report: try outcome.get(), chosen: chosen, took: began.duration(to: .now))
    return view.show(on: console)
  }

  private func isWanted(_ choice: RowChoice, _ chosen: ChosenEnvironment, _ console: Console) async throws -> Bool {
    let consent = Consent(chosen: chosen, console: console, answeredYes: parsed.has(.yes))
    return try await consent.given(
      to: "Copy \(choice) to this machine for as long as the rehearsal takes?",
      after: ["rows may hold personal data; the clone can be reached by this account only"])
  }

  /// The clone is thrown away: there is no checkpoint to reach. A second signal leaves at once; the next rehearsal cleans up.
  private func listen(
    _ signals: UnixSignals, _ stop: StopSignal, _ task: Task<RehearsalReport, any Error>, _ console: Console
  ) async {
    for await _ in signals.stream {
      if stop.isRequested { ExitCode.stopped.leave() }
      console.note("stopping: the clone is removed")
      stop.raise(to: .cancel)
      task.cancel()
    }
  }
}
