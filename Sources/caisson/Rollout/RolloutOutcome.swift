import CommandLineKit
import Engine
import JSONText
import Journal
import PlanModel
import PluginAPI
import Rollout
import RunModel

/// How a rollout ended, for whoever typed it and for what reads its exit code.
struct RolloutOutcome: Sendable {
  let rows: [RolloutRow]
  let code: ExitCode
  /// One word for a program.
  let ending: String
  /// One sentence.
  let headline: String
  /// What went wrong, by target.
  let problems: [(target: String, problem: Problem)]
  let findings: [(target: String, step: String, finding: Finding)]
  /// The exact next commands, one after the other.
  let next: [String]

  init(_ report: RolloutReport, _ desk: RolloutDesk) {
    let targets = report.stages.flatMap { stage in
      stage.targets.enumerated().map { place, outcome in TargetView(outcome, place, stage.stage, desk) }
    }
    rows = targets.map(\.row)
    problems = targets.flatMap { view in view.problems.map { (view.row.target, $0) } }
    findings = targets.flatMap { view in view.findings.map { (view.row.target, $0.step, $0.finding) } }
    var worst = Self.order.first(where: report.contains)
    // Gates and other runners keep nobody who was told to stop.
    if report.isStopped, worst == .waiting || worst == .held { worst = nil }
    let spoken = targets.first { $0.outcome.standing == worst }
    code = report.missing != nil ? .refused : worst.map(Self.code) ?? (report.isStopped ? .stopped : .done)
    ending = report.missing != nil ? "missing" : worst?.rawValue ?? (report.isStopped ? "stopped" : "succeeded")
    headline = Self.headline(report, spoken, desk)
    next = Self.next(report, worst, targets, desk)
  }

  /// The most important first: what needs a person, what needs a look, what needs a fix; last what time alone brings.
  private static let order: [TargetOutcome.Standing] = [
    .blocked, .drift, .failed, .refused, .rolledBack, .stopped, .held, .waiting,
  ]

  private static func code(_ standing: TargetOutcome.Standing) -> ExitCode {
    switch standing {
    case .succeeded, .pending: .done
    case .failed: .failed
    case .blocked: .needsPerson
    case .drift: .drift
    case .refused, .waiting: .refused
    case .rolledBack: .rolledBack
    case .held: .heldByAnother
    case .stopped: .stopped
    }
  }

  private static func headline(_ report: RolloutReport, _ spoken: TargetView?, _ desk: RolloutDesk) -> String {
    let name = "rollout \(desk.rollout.name)", all = report.outcomes
    let done = all.count { $0.standing == .succeeded }
    let count = "\(done) of \(all.count) targets done"
    if let missing = report.missing { return "\(name): stage \(missing) is not done, and what comes after it waits" }
    if let held = report.heldAt, let stage = report.stages.first(where: { $0.stage.name == held }) {
      let failed = stage.targets.count { $0.standing.isFailure }
      return "\(name) is held at \(held): \(failed) failed where \(stage.stage.maxFailures) may; \(count)"
    }
    guard let spoken else {
      if report.isStopped { return "\(name) is stopped; \(count)" }
      return done == all.count ? "\(name) is complete: \(count)" : "\(name) is as far as asked: \(count)"
    }
    let more = all.count { $0.standing == spoken.outcome.standing } - 1
    let others = more == 0 ? "" : " and \(more) more"
    let reason = spoken.row.reason.map { ": \($0)" } ?? ""
    return "\(name): \(spoken.row.target)\(others) \(Self.word(spoken.outcome.standing, more > 0))\(reason); \(count)"
  }

  private static func word(_ standing: TargetOutcome.Standing, _ isPlural: Bool) -> String {
    let (waits, isIt) = isPlural ? ("wait", "are") : ("waits", "is")
    return switch standing {
    case .waiting: waits
    case .held: "\(isIt) held by another runner"
    case .blocked: "\(waits) for a person's decision"
    case .drift: "\(isIt) not what was begun with"
    case .refused: "\(isIt) refused"
    case .rolledBack: "\(isIt) rolled back or canceled"
    case .stopped: "\(isIt) stopped"
    default: standing.rawValue
    }
  }

  private static func next(
    _ report: RolloutReport, _ worst: TargetOutcome.Standing?, _ targets: [TargetView], _ desk: RolloutDesk
  ) -> [String] {
    let again = desk.next("rollout")
    if let missing = report.missing { return [desk.next("rollout", "--until", missing)] }
    let concerned = targets.filter { $0.outcome.standing == worst }
    switch worst {
    case nil: return report.isStopped || report.outcomes.contains { $0.standing == .pending } ? [again] : []
    case .blocked, .drift, .refused: return (concerned.first?.row.next).map { [$0, again] } ?? [again]
    case .waiting:
      let votes = Self.votes(concerned, desk)
      return votes.isEmpty ? [desk.next("rollout", "--wait")] : votes + [again]
    case .held: return [desk.next("rollout", "--wait")]
    default: return [again]
    }
  }
}

extension RolloutOutcome {
  /// What a person types to approve what waits: for one target of an environment its name, for several all that wait.
  private static func votes(_ targets: [TargetView], _ desk: RolloutDesk) -> [String] {
    let voted = targets.filter { $0.outcome.gates.contains(where: \.isVoted) }
    let stages = Dictionary(grouping: voted) { [$0.row.stage, $0.vote ?? ""] }
    return stages.sorted { $0.value[0].outcome.name < $1.value[0].outcome.name }.compactMap { _, waiting in
      guard waiting.count > 1, let vote = waiting[0].vote, var next = desk[waiting[0].outcome.name]?.next else {
        return waiting[0].row.next
      }
      next.target = nil
      return next("approve", vote, "--reason", "...")
    }
  }
}

/// One target's outcome in words.
private struct TargetView {
  let outcome: TargetOutcome
  var row: RolloutRow
  var problems: [Problem] = []
  var findings: [(step: String, finding: Finding)] = []

  init(_ outcome: TargetOutcome, _ place: Int, _ stage: StagedRollout.Stage, _ desk: RolloutDesk) {
    self.outcome = outcome
    row = RolloutRow(stage, place, state: outcome.standing.rawValue)
    if outcome.result != nil { row.seconds = Double(outcome.took.milliseconds) / 1000 }
    guard let chosen = desk[outcome.name] else { return }
    switch outcome.result {
    case nil: break
    case .success(let report): take(report, chosen)
    case .failure(let error): take(error, chosen)
    }
  }

  private mutating func take(_ report: RunReport, _ chosen: ChosenEnvironment) {
    let said = RunOutcome(report, .apply, chosen)
    let isDone = outcome.standing == .succeeded
    row.run = report.run
    row.done = isDone ? row.total : report.steps.count { $0.state.isSatisfied }
    row.gates = outcome.gates
    problems = said.problems
    findings = said.findings
    row.next = isDone ? nil : said.problems.first?.next ?? said.next
    row.error = said.problems.first?.json["error"]
    if case .alreadyApplied = report.ending { row.reason = "applied before" }
    guard !isDone else { return }
    row.reason = said.problems.first?.what ?? said.findings.first.map { "\($0.step): \($0.finding.message)" }
      ?? (row.gates.isEmpty ? said.headline : row.gates.map(\.text).joined(separator: "; "))
  }

  private mutating func take(_ error: any Error, _ chosen: ChosenEnvironment) {
    var problem = Problem(chosen.withNext(error))
    problem.next = problem.next ?? chosen.next(outcome.standing == .refused ? "plan" : "status")
    row.reason = problem.what
    row.next = problem.next
    row.error = problem.json["error"]
    if outcome.standing != .held { problems = [problem] }
  }

  /// What is voted on.
  var vote: String? { outcome.gates.first(where: \.isVoted).map { $0.step ?? "release" } }

}

extension RolloutOutcome {
  /// The one document of `--output json`, and the last record of ndjson.
  func json(_ rollout: StagedRollout, took: Duration) -> JSON {
    var object = JSONObject([
      ("type", "result"), ("ending", .string(ending)), ("exit_code", .int(Int64(code.rawValue))),
      ("message", .string(headline)), ("rollout", .string(rollout.name)), ("plan", .string(rollout.plan)),
      ("release_hash", .string(rollout.releaseHash)), ("seconds", .seconds(Double(took.milliseconds) / 1000)),
      ("stages", RolloutRow.stages(rows, of: rollout)),
    ])
    object["next"] = next.first.map(JSON.string)
    return .object(object)
  }

  func show(_ rollout: StagedRollout, took: Duration, on console: Console) {
    guard console.format == .text else {
      console.print(json(rollout, took: took))
      return
    }
    for (target, step, finding) in findings {
      console.note("\(target), \(console.error.palette(step, .bold))")
      let text = FindingText(finding: finding, sources: rollout.diagnostics.sources)
      for line in text.lines(console.error.palette, indent: "  ") { console.note(line) }
    }
    for (target, problem) in problems { console.report(problem, by: [Tool.name, "rollout", target]) }
    console.print(RolloutRow.table(rows))
    console.print(console.output.palette("\(headline) after \(Humanised.duration(took))", code == .done ? .green : .red))
    for (place, command) in next.enumerated() { console.print("\(place == 0 ? "next" : "then"): \(command)") }
  }
}
