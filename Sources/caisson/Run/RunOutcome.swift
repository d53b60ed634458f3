import CommandLineKit
import Engine
import JSONText
import Journal
import PluginAPI
import RunModel

/// How apply, resume or rollback ended, for whoever typed it and for what reads its exit code.
struct RunOutcome {
  enum Verb: String {
    case apply, resume, rollback, finalize
  }

  var code: ExitCode
  /// One word for a program.
  var ending: String
  /// One sentence.
  var headline: String
  /// What went wrong, each with its place and what to do.
  var problems: [Problem] = []
  var findings: [(step: String, finding: Finding)] = []
  /// Gates it waits at.
  var closed: [ClosedGate] = []
  /// The exact next command.
  var next: String?

  /// A rollback that was asked for and done is a success; an apply that ended rolled back is not.
  init(_ report: RunReport, _ verb: Verb, _ chosen: ChosenEnvironment) {
    let run = report.run.map { "run \($0.prefix(8))" } ?? "nothing"
    let resume = chosen.next("resume")
    switch report.ending {
    case .succeeded:
      let isComplete = report.steps.allSatisfy { $0.state.isSatisfied }
      self.init(.done, isComplete ? "succeeded" : "paused", isComplete ? "\(run) succeeded" : "\(run) stopped as asked")
      next = isComplete ? nil : chosen.next("apply")
    case .alreadyApplied:
      self.init(.done, "already_applied", "already applied by \(run); nothing was run")
      next = chosen.next("apply", "--again")
    case .interrupted:
      self.init(.stopped, "interrupted", "\(run) is stopped, its checkpoint is saved")
      problems = report.steps.filter { $0.state == .failed || $0.state == .undoFailed }.map { step in
        var error = EngineError(.failed, step.reason ?? "failed", step: step.step)
        error.hint = "caisson logs has its attempts"
        return Problem(error, in: chosen)
      }
      next = verb == .rollback ? chosen.next("rollback") : resume
    case .held(let who):
      self.init(.heldByAnother, "held", "\(run) is in another runner's hands: \(who)")
      next = chosen.next(verb.rawValue, "--wait")
    case .rolledBack:
      self.init(verb == .rollback ? .done : .rolledBack, "rolled_back", Self.rolledBack(report, run))
      next = verb == .rollback ? nil : chosen.next("logs")
    case .waiting(let gates):
      self.init(.refused, "waiting", "\(run) waits: \(gates.map(\.text).joined(separator: "; "))")
      closed = gates
      let vote = gates.first(where: \.isVoted).map { chosen.next("approve", $0.step ?? "release", "--reason", "...") }
      next = vote ?? chosen.next(verb.rawValue, "--wait")
    case .submitted:
      self.init(.done, "submitted", "\(run) waits for workers, or goes on with them")
      next = chosen.next("status", "--watch")
    case .asked(let wish):
      self.init(asked: wish, run)
      next = wish.desired == .cancel ? chosen.next("status") : resume
    case .failed(let errors):
      self.init(Self.code(errors), "failed", "\(run) failed; what is committed stays")
      problems = errors.map { Problem($0, in: chosen) }
      next = verb == .rollback ? chosen.next("rollback") : code == .drift ? chosen.next("resume", "--amend") : resume
    case .blocked(let steps):
      self.init(.needsPerson, "blocked", "\(run) waits for a person's decision")
      problems = steps.map { Problem(blocked: $0.step, $0.reason, in: chosen) }
      next = resume
    case .refused(let refusals):
      let count = refusals.count == 1 ? "1 refusal" : "\(refusals.count) refusals"
      self.init(.refused, "refused", "\(count); nothing was run")
      findings = refusals
      next = chosen.next("plan")
    }
  }

  private init(asked wish: RunWish, _ run: String) {
    let why = wish.reason.map { ": \($0)" } ?? ""
    let isCanceled = wish.desired == .cancel
    self.init(
      isCanceled ? .rolledBack : .stopped, isCanceled ? "canceled" : "paused",
      "\(run) is \(isCanceled ? "canceled" : "paused") by \(wish.by)\(why)")
  }

  private init(_ code: ExitCode, _ ending: String, _ headline: String) {
    self.code = code
    self.ending = ending
    self.headline = headline
  }

  private static func rolledBack(_ report: RunReport, _ run: String) -> String {
    let kept = report.steps.count { $0.state == .done && $0.attempt > 0 }
    return kept == 0 ? "\(run) is rolled back" : "\(run) is rolled back in part; \(kept) steps stay"
  }

  /// Of several failures the first one speaks; only refusals before any work are usage errors.
  private static func code(_ errors: [EngineError]) -> ExitCode {
    guard let first = errors.first, first.code != .unknown else { return .failed }
    return ExitCode(first)
  }
}

extension Problem {
  /// A step's failure, with the place of the step in the plan and what became of the rest.
  init(_ error: EngineError, in chosen: ChosenEnvironment) {
    self.init(error as any Error)
    place = error.step.flatMap(chosen.place)
    state = "steps that are done stay done; this one has kept what it committed"
    next = error.step.map { chosen.next("logs", "--step", $0) }
    guard error.code == .drift, let step = error.step else { return }
    state = "steps that are done stay done; nothing of this one was run"
    next = chosen.next("plan", "--step", step)
  }

  init(blocked step: String, _ reason: String, in chosen: ChosenEnvironment) {
    self.init(
      .needsPerson, "step \(step) is blocked: \(reason)",
      hint: "look at the database, then say what you found: mark-done, retry or skip",
      next: chosen.next("mark-done", step, "--reason", "..."))
    self.step = step
    place = chosen.place(of: step)
  }
}

extension RunOutcome {
  /// The one document of `--output json`, and the last record of ndjson.
  func json(_ report: RunReport, took: Duration) -> JSON {
    var object = JSONObject([
      ("type", "result"), ("ending", .string(ending)), ("exit_code", .int(Int64(code.rawValue))),
      ("run", JSON(report.run)), ("message", .string(headline)),
      ("seconds", .seconds(Double(took.milliseconds) / 1000)),
      ("steps", .array(report.steps.map(\.json))),
    ])
    if !problems.isEmpty { object["errors"] = .array(problems.map { $0.json["error"] ?? .null }) }
    if !findings.isEmpty {
      object["findings"] = .array(
        findings.map { step, finding in
          var member = finding.json.object ?? JSONObject()
          member["step"] = .string(step)
          return .object(member)
        })
    }
    if !closed.isEmpty { object["gates"] = .array(closed.map(\.json)) }
    object["next"] = next.map(JSON.string)
    return .object(object)
  }

  /// What a person reads last: how it ended, how long it took, what comes next.
  func lines(_ report: RunReport, took: Duration, _ palette: Palette = .plain) -> [String] {
    let style: Style = code == .done ? .green : .red
    var line = palette(headline, style)
    if !report.steps.isEmpty { line += " (\(StepRecord.counts(report.steps)))" }
    line += " after \(Humanised.duration(took))"
    return [line] + (next.map { ["next: \($0)"] } ?? [])
  }
}
