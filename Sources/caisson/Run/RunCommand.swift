import CommandLineKit
import Engine
import Journal
import PlanModel
import PlanSchema
import PluginAPI
import BuiltinPlugins

/// What apply, resume and rollback have in common: one run, shown while it goes on, stopped by Ctrl-C in two stages.
struct RunCommand {
  let chosen: ChosenEnvironment
  let verb: RunOutcome.Verb
  /// How long to wait for another runner, or for gates to open; `nil`: not at all.
  let patience: Duration?
  let console: Console

  /// Runs `work` and says how it ended.
  func run(_ work: @escaping @Sendable (Runner) async throws -> RunReport) async throws -> ExitCode {
    let progress = RunProgress(chosen.title, screen: console.progressScreen(), format: console.format)
    let stop = StopSignal()
    let target = try await chosen.target()
    let runner = Runner(chosen.resolved, target: target, registry: .builtin, stop: stop) { progress.take($0) }
    let task = Task { try await patiently(runner, stop, progress, work) }
    let signals = await UnixSignals.listen()
    // Where nothing has begun there is nothing to finish.
    let interruption = Interruption(
      stop: stop, say: { progress.note($0) }, first: { if progress.run == nil { task.cancel() } },
      leaving: { progress.finish() })
    let beside = [Task { await interruption.listen(signals) }, Task { await refresh(progress) }]
    let outcome = await task.result
    for one in beside { one.cancel() }
    await target.close()
    progress.finish()
    let report: RunReport
    do { report = try outcome.get() } catch { throw explained(error, run: progress.run) }
    return show(report, took: progress.elapsed)
  }

  // MARK: Waiting for another runner, or for a gate

  private func patiently(
    _ runner: Runner, _ stop: StopSignal, _ progress: RunProgress, _ work: @Sendable (Runner) async throws -> RunReport
  ) async throws -> RunReport {
    let end = patience.map { ContinuousClock.now + $0 }
    while true {
      let outcome: Result<RunReport, any Error>
      do { outcome = .success(try await work(runner)) } catch { outcome = .failure(error) }
      guard let obstacle = Self.obstacle(outcome), let end, ContinuousClock.now < end, !stop.isRequested else {
        return try outcome.get()
      }
      progress.note("waiting: \(obstacle.what)")
      let pause = min(obstacle.again ?? .seconds(3), ContinuousClock.now.duration(to: end))
      await stop.sleep(milliseconds: max(100, pause.milliseconds))
    }
  }

  /// What passes by itself, and when it is worth another try.
  private static func obstacle(_ outcome: Result<RunReport, any Error>) -> (what: String, again: Duration?)? {
    switch outcome {
    case .success(let report):
      switch report.ending {
      case .held(let who): (who, nil)
      case .waiting(let gates):
        // A person may act at any moment.
        (gates.map(\.text).joined(separator: "; "), gates.contains(where: \.isVoted) ? nil : gates.compactMap(\.wait).min())
      default: nil
      }
    case .failure(let error): (error as? EngineError).flatMap { $0.code == .held ? ($0.message, nil) : nil }
    }
  }

  private func refresh(_ progress: RunProgress) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(100))
      progress.tick()
    }
  }

  // MARK: The end

  private func show(_ report: RunReport, took: Duration) -> ExitCode {
    let outcome = RunOutcome(report, verb, chosen)
    guard console.format == .text else {
      console.print(outcome.json(report, took: took))
      return outcome.code
    }
    for (step, finding) in outcome.findings {
      console.note(console.error.palette(step, .bold))
      let text = FindingText(finding: finding, sources: chosen.resolved.diagnostics.sources)
      for line in text.lines(console.error.palette, indent: "  ") { console.note(line) }
    }
    for problem in outcome.problems { console.report(problem, by: [Tool.name, verb.rawValue]) }
    for line in outcome.lines(report, took: took, console.output.palette) { console.print(line) }
    return outcome.code
  }

  /// The error with the state things are in and the command to go on with.
  private func explained(_ error: any Error, run: String?) -> any Error {
    var problem = Problem(error)
    problem.next = (error as? JournalError).flatMap(chosen.next)
    problem.state = problem.state ?? (run.map { "run \($0.prefix(8)) keeps what it committed" } ?? "nothing was run")
    let again = problem.code == .drift ? afterDrift : run == nil ? beginning(after: problem.code) : chosen.next("status")
    problem.next = problem.next ?? (problem.code == .heldByAnother ? chosen.next(verb.rawValue, "--wait") : again)
    if let step = problem.step, problem.place == nil { problem.place = chosen.place(of: step) }
    return CommandFailure(problem)
  }

  private var afterDrift: String { verb == .rollback ? chosen.next("status") : chosen.next("resume", "--amend") }

  /// What had nothing to work on is not offered again.
  private func beginning(after code: ExitCode) -> String {
    guard code == .usage, verb != .apply else { return chosen.next(verb.rawValue) }
    return chosen.next(verb == .resume ? "apply" : "status")
  }
}
