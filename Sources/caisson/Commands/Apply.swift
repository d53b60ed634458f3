import CommandLineKit
import Engine
import PlanModel

/// `caisson apply ENVIRONMENT`
struct ApplyCommand: Command {
  static let until = OptionSpec.value("until", "STEP", .text, "stop when this step is done")
  static let again = OptionSpec.flag("again", "compile and run an unchanged plan once more")

  static let amend = OptionSpec.flag("amend", "go on with the edited plan: keep what is done, compile the rest anew")

  static let detach = OptionSpec.flag("detach", "start the run and leave it to workers")

  static let spec = CommandSpec(
    "apply", summary: "run a plan, or go on with the run that was stopped",
    discussion: """
      Installs the journal where it is missing. All findings of all steps come before anything runs. After a crash the
      same command goes on with the same run: what is committed is never done again. The first Ctrl-C finishes the chunk
      at hand, saves the checkpoint and exits with 4; the second cancels at once. On a terminal it asks first.
      """,
    section: Section.run, arguments: [.environment],
    options: [until, .wait, again, amend, detach, .environment, .target, .variable, .yes, .output],
    examples: [
      CommandExample("caisson apply staging.yaml", "everything the plan has for staging"),
      CommandExample(
        "caisson apply production.yaml --until index --wait=2h", "up to a step, waiting if another runner holds it"),
      CommandExample("caisson apply plans/shop -e staging --var table=public.orders -y", "from a script"),
    ])

  private let parsed: ParsedCommand
  private let patience: Duration?

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    patience = try parsed.patience()
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(parsed)
    chosen.showWarnings(on: console)
    let until = try parsed.value(Self.until).map { try chosen.step(named: $0, for: parsed).id }
    let again = parsed.has(Self.again), detached = parsed.has(Self.detach)
    if detached, until != nil { throw parsed.usageError("--detach and --until do not go together") }
    let amending = parsed.has(Self.amend)
    if amending, again || detached { throw parsed.usageError("--amend goes on with a run, here and now") }
    guard try await isWanted(chosen, console) else { return .stopped }
    return try await RunCommand(chosen: chosen, verb: .apply, patience: patience, console: console)
      .run { detached ? try await $0.submit(again: again) : try await $0.apply(until: until, again: again, amending: amending) }
  }

  private func isWanted(_ chosen: ChosenEnvironment, _ console: Console) async throws -> Bool {
    let consent = Consent(chosen: chosen, console: console, answeredYes: parsed.has(.yes))
    guard consent.isNeeded else { return true }
    let view = PlanView(chosen.resolved, try await chosen.preview())
    guard !view.waiting.isEmpty, view.refusals.isEmpty else { return true }
    return try await consent.given(to: "Apply \(chosen.title)?", after: view.summary)
  }
}
