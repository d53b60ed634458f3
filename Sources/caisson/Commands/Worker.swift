import BuiltinPlugins
import CommandLineKit
import Engine

/// `caisson worker ENVIRONMENT`
struct WorkerCommand: Command {
  static let once = OptionSpec.flag("once", "leave when nothing is to be done")

  static let spec = CommandSpec(
    "worker", summary: "work on the runs of a plan, beside other workers",
    discussion: """
      Takes part in every unfinished run of exactly this plan in this environment. Start as many as there are machines:
      each step is claimed by one of them, and what a dead one held is taken over when its lease has ended. The same
      files must be there: a worker leaves the run of an edited plan alone.

      Runs that are paused or have failed wait for `resume`. The first Ctrl-C finishes the chunk at hand; the run goes
      on with the other workers.
      """,
    section: Section.run, arguments: [.environment], options: [once, .environment, .target, .variable],
    examples: [
      CommandExample("caisson worker production.yaml", "on each of three machines"),
      CommandExample("caisson apply production.yaml --detach --yes", "gives them something to do"),
      CommandExample("caisson worker production.yaml --once", "from cron"),
    ])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(parsed)
    chosen.showWarnings(on: console)
    let target = try await chosen.target()
    let stop = StopSignal(), log = WorkerLog(chosen: chosen, console: console)
    let worker = Worker(
      { Runner(chosen.resolved, target: target, registry: .builtin, stop: stop) { log.take($0) } },
      stop: stop, once: parsed.has(Self.once)
    ) { log.take($0) }
    log.note("working for \(chosen.title)")
    let signals = await UnixSignals.listen()
    let listening = Task { await listen(signals, stop, log) }
    await worker.run()
    listening.cancel()
    await target.close()
    return stop.isRequested ? .stopped : log.hasTrouble ? .failed : .done
  }

  private func listen(_ signals: UnixSignals, _ stop: StopSignal, _ log: WorkerLog) async {
    for await _ in signals.stream {
      if stop.stage == .cancel { ExitCode.stopped.leave() }
      log.note(stop.stage == .none ? "stopping: what is at hand is finished first" : "canceling what is at hand")
      stop.request()
    }
  }
}
