import CommandLineKit
import Engine
import JSONText
import Journal
import PlanModel
import PlanSchema

/// `caisson schedule list|pause|resume|trigger`
enum ScheduleGroup {
  static let spec = CommandSpec(
    "schedule", summary: "see, pause and trigger the schedules of a plan's steps", section: Section.intervene)

  /// Of the plan's schedules all, or one.
  static let step = ArgumentSpec("STEP", "only this step's schedule", arity: .optional)
}

/// `caisson schedule list ENVIRONMENT [STEP]`
struct ScheduleListCommand: Command {
  static let spec = CommandSpec(
    "list", summary: "show when scheduled steps run next and how they ended last",
    discussion: "Reads the journal only. A schedule is there once its plan was applied, or a worker has begun.",
    arguments: [.environmentFirst, ScheduleGroup.step], options: [.environment, .target, .variable, .output],
    examples: [CommandExample("caisson schedule list production.yaml", "next time, last outcome, who paused it")])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let only = try parsed.argument(ScheduleGroup.step).map { try chosen.step(named: $0, for: parsed).id }
    let known = try await chosen.reading("schedule") { reader in try await reader?.schedules(of: chosen) ?? [] }
    let views = ScheduleView.all(of: chosen, known).filter { only == nil || $0.step == only }
    switch console.format {
    case .json: console.print(.array(views.map(\.json)))
    case .ndjson: for view in views { console.print(view.json) }
    case .text:
      console.print(ScheduleView.table(views))
      if views.isEmpty { console.note("no step of \(chosen.title) has a schedule") }
      if views.contains(where: { $0.record == nil }) { console.note("not registered yet: \(chosen.next("apply"))") }
    }
    return .done
  }
}

/// `caisson schedule pause ENVIRONMENT [STEP] --reason TEXT`
struct SchedulePauseCommand: Command {
  static let spec = CommandSpec(
    "pause", summary: "let no more firings of a schedule begin",
    discussion: "What is running goes on. Moments that come meanwhile are left out, and recorded as such.",
    arguments: [.environmentFirst, ScheduleGroup.step], options: [.reason, .environment, .target, .variable, .output],
    examples: [
      CommandExample(
        #"caisson schedule pause production.yaml roll --reason "release day""#, "then: caisson schedule resume")
    ])

  private let order: ScheduleOrder

  init(_ parsed: ParsedCommand) throws { order = try ScheduleOrder(parsed, needsReason: true) }

  func run(_ console: Console) async throws -> ExitCode {
    try await order.run(console, done: "paused", otherwise: "is paused already") { schedules, step, by, reason in
      try await schedules.pause(step, by: by, reason: reason ?? "")
    }
  }
}

/// `caisson schedule resume ENVIRONMENT [STEP]`
struct ScheduleResumeCommand: Command {
  static let spec = CommandSpec(
    "resume", summary: "let a paused schedule go on with its next moment",
    discussion: "What came while it was paused is not caught up.",
    arguments: [.environmentFirst, ScheduleGroup.step], options: [.reason, .environment, .target, .variable, .output],
    examples: [CommandExample("caisson schedule resume production.yaml roll", "the next moment fires again")])

  private let order: ScheduleOrder

  init(_ parsed: ParsedCommand) throws { order = try ScheduleOrder(parsed) }

  func run(_ console: Console) async throws -> ExitCode {
    try await order.run(console, done: "resumed", otherwise: "is not paused") { schedules, step, by, reason in
      try await schedules.resume(step, by: by, reason: reason)
    }
  }
}

/// `caisson schedule trigger ENVIRONMENT [STEP]`
struct ScheduleTriggerCommand: Command {
  static let spec = CommandSpec(
    "trigger", summary: "ask for an extra firing now",
    discussion: "A worker carries it out, also while the schedule is paused. It does not move the next moment.",
    arguments: [.environmentFirst, ScheduleGroup.step], options: [.reason, .environment, .target, .variable, .output],
    examples: [CommandExample("caisson schedule trigger production.yaml roll", "then: caisson schedule list")])

  private let order: ScheduleOrder

  init(_ parsed: ParsedCommand) throws { order = try ScheduleOrder(parsed) }

  func run(_ console: Console) async throws -> ExitCode {
    try await order.run(console, done: "triggered", otherwise: "has an extra firing waiting already") {
      try await $0.trigger($1, by: $2, reason: $3)
    }
  }
}
