import BuiltinPlugins
import CommandLineKit
import Engine
import PlanModel
import PlanSchema
import Rollout

/// `caisson rollout FILE`
struct RolloutCommand: Command {
  static let until = OptionSpec.value("until", "STAGE", .text, "stop when this stage is done")
  static let only = OptionSpec.value("only", "TARGET", .text, "no other target", repeatable: true)
  static let dryRun = OptionSpec.flag("dry-run", "show what every target would do")
  static let status = OptionSpec.flag("status", "show where every target stands")
  static let abort = OptionSpec.flag("abort", "cancel its unfinished runs (with --reason)")
  static let reason = OptionSpec.value("reason", "TEXT", .text, "why it is aborted; kept in the journals")

  static let spec = CommandSpec(
    "rollout", summary: "run a plan on stage after stage, in waves of targets",
    discussion: """
      Goes to the first closed gate and exits with 5, the reason and the next command; run again, it goes on. What is
      done is read in each target's own journal: after a crash, or from another machine, only what has failed or is left
      is run. A stage begins when every target of the one before has succeeded.
      """,
    section: Section.run, arguments: [RolloutDesk.file],
    options: [until, only, dryRun, status, abort, reason, .wait, .variable, .yes, .output],
    examples: [
      CommandExample("caisson rollout plans/shop/rollout.yaml", "staging, then production in waves"),
      CommandExample("caisson rollout plans/shop --only production:eu --wait=2h", "one target, waiting at its gates"),
    ])

  private let parsed: ParsedCommand
  private let patience: Duration?

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    patience = try parsed.patience()
    let looks = [Self.dryRun, Self.status, Self.abort].filter(parsed.has)
    if looks.count > 1 { throw parsed.usageError("--\(looks[0].long) and --\(looks[1].long) do not go together") }
    if parsed.has(Self.reason), !parsed.has(Self.abort) { throw parsed.usageError("--reason goes with --abort") }
  }

  func run(_ console: Console) async throws -> ExitCode {
    let isLook = parsed.has(Self.status) || parsed.has(Self.abort)
    let desk = try RolloutDesk(parsed, looking: isLook)
    if !desk.rollout.diagnostics.items.isEmpty { console.note(desk.rollout.diagnostics.render()) }
    let until = try parsed.value(Self.until).map { try desk.stage(named: $0, for: parsed) }
    let names = try parsed.values(Self.only).map { try desk.target(named: $0, for: parsed) }
    let only = names.isEmpty ? nil : Set(names)
    let survey = RolloutSurvey(desk: desk, console: console, until: until, only: only)
    if parsed.has(Self.status) { return await survey.status() }
    if parsed.has(Self.dryRun) { return await survey.dryRun() }
    if parsed.has(Self.abort) { return await survey.abort(reason: try parsed.requiredReason()) }
    guard try await isWanted(desk, console) else { return .stopped }
    return await run(desk, until, only, console)
  }

  private func isWanted(_ desk: RolloutDesk, _ console: Console) async throws -> Bool {
    guard let first = desk.rollout.stages.first?.targets.first.flatMap({ desk[$0.environment.targetName] }) else { return true }
    let consent = Consent(chosen: first, console: console, answeredYes: parsed.has(.yes))
    guard consent.isNeeded else { return true }
    let summary = desk.rollout.stages.map { stage in
      let waves = stage.waves.map { "\($0.count)" }.joined(separator: ", then ")
      return "  \(stage.name): \(stage.targets.count == 1 ? "1 target" : "\(waves) targets")"
    }
    return try await consent.given(to: "Roll out \(desk.rollout.plan)?", after: summary)
  }

  private func run(_ desk: RolloutDesk, _ until: String?, _ only: Set<String>?, _ console: Console) async -> ExitCode {
    let progress = RolloutProgress(desk, screen: console.progressScreen(), format: console.format)
    let stop = StopSignal()
    let runner = RolloutRunner(
      desk.rollout, registry: .builtin, stop: stop, open: { Target(try await TargetAddress(resolving: $0)) },
      reporter: { progress.take($0) })
    let signals = await UnixSignals.listen()
    let interruption = Interruption(stop: stop, say: { progress.note($0) }, leaving: { progress.finish() })
    let listener = Task { await interruption.listen(signals) }
    let report = await patiently(runner, until, only, stop, progress)
    listener.cancel()
    progress.finish()
    let outcome = RolloutOutcome(report, desk)
    outcome.show(desk.rollout, took: progress.elapsed, on: console)
    return outcome.code
  }

  /// Again and again while nothing but gates and other runners are in the way.
  private func patiently(
    _ runner: RolloutRunner, _ until: String?, _ only: Set<String>?, _ stop: StopSignal, _ progress: RolloutProgress
  ) async -> RolloutReport {
    let end = patience.map { ContinuousClock.now + $0 }
    while true {
      var report = await runner.run(until: until, only: only)
      let failed = report.outcomes.contains { $0.standing.isFailure || $0.standing == .stopped }
      guard let end, ContinuousClock.now < end, !stop.isRequested, !failed,
        report.contains(.waiting) || report.contains(.held)
      else { return report }
      let gates = report.outcomes.flatMap(\.gates)
      // A person may act at any moment.
      let isSoon = report.contains(.held) || gates.contains(where: \.isVoted)
      let pause = min((isSoon ? nil : gates.compactMap(\.wait).min()) ?? .seconds(3), ContinuousClock.now.duration(to: end))
      progress.note("waiting: " + (gates.map(\.text).first ?? "another runner is at work"))
      await stop.sleep(milliseconds: max(100, pause.milliseconds))
      guard stop.isRequested else { continue }
      report.isStopped = true
      return report
    }
  }
}
