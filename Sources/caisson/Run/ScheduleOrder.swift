import CommandLineKit
import Engine
import JSONText
import Journal
import PlanModel
import PlanSchema
import PluginAPI
import BuiltinPlugins

/// A person's word about one schedule, or about all of a plan: pause, resume, trigger.
struct ScheduleOrder {
  private let parsed: ParsedCommand
  private let reason: String?

  init(_ parsed: ParsedCommand, needsReason: Bool = false) throws {
    reason = parsed.value(.reason).flatMap { text in text.contains { !$0.isWhitespace } ? text : nil }
    if needsReason, reason == nil { throw parsed.usageError("say why with --reason: the journal keeps it") }
    self.parsed = parsed
  }

  /// `give` answers false when the schedule is as it shall be already.
  func run(
    _ console: Console, done: String, otherwise: String,
    _ give: @escaping @Sendable (_ to: Schedules, _ step: String, _ by: String, _ reason: String?) async throws -> Bool
  ) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let steps = try await registered(chosen, parsed.argument(ScheduleGroup.step))
    let target = try await chosen.target()
    let schedules = Schedules(chosen.resolved, target: target, registry: .builtin)
    var changed: [String] = []
    do {
      for step in steps where try await give(schedules, step, Operator.name, reason) { changed.append(step) }
    } catch {
      await target.close()
      throw error
    }
    await target.close()
    show(steps, changed, done, otherwise, chosen, console)
    return .done
  }

  /// The steps the word is about; the journal knows them all.
  private func registered(_ chosen: ChosenEnvironment, _ named: String?) async throws -> [String] {
    let known = try await chosen.writing("schedule") { try await JournalReader($0).schedules(of: chosen).map(\.step) }
    if let named, known.contains(named) { return [named] }
    let named = try named.map { try chosen.step(named: $0, for: parsed).id }
    if named == nil, !known.isEmpty { return known }
    let scheduled = chosen.resolved.plan.steps.filter { $0.schedule != nil && $0.skip == nil }.map(\.id)
    let isPlanned = named.map(scheduled.contains) ?? !scheduled.isEmpty
    guard isPlanned else {
      let nothing = named.map { "step \($0) has no schedule" } ?? "no step of \(chosen.title) has a schedule"
      throw CommandFailure(.refused, nothing, next: chosen.next("schedule list"))
    }
    let subject = named.map { "the schedule of step \($0)" } ?? "every schedule of \(chosen.title)"
    throw CommandFailure(.refused, "\(subject) is still to be registered", next: chosen.next("apply"))
  }

  private func show(
    _ steps: [String], _ changed: [String], _ done: String, _ otherwise: String, _ chosen: ChosenEnvironment,
    _ console: Console
  ) {
    let next = chosen.next("schedule list")
    guard console.format == .text else {
      console.print([
        "schedules": .array(steps.map { ["step": .string($0), done: .bool(changed.contains($0))] }),
        "actor": .string(Operator.name), "reason": JSON(reason), "next": .string(next),
      ])
      return
    }
    for step in steps {
      console.print("schedule of \(step) " + (changed.contains(step) ? "is \(done)" : otherwise))
    }
    console.print("next: \(next)")
  }
}
