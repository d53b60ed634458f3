import CommandLineKit
import Engine
import JSONText
import Journal
import PlanModel
import PluginAPI
import Rollout
import RunModel

/// What is asked of every target of a rollout without running any of it: where it stands, what it would do, to give up.
struct RolloutSurvey: Sendable {
  let desk: RolloutDesk
  let console: Console
  /// The last stage asked about.
  let until: String?
  let only: Set<String>?

  func status() async -> ExitCode {
    let rows = await rows { row, chosen in try await row.look(chosen) }
    return show(rows, code: rows.contains { $0.error != nil } ? .failed : .done)
  }

  func dryRun() async -> ExitCode {
    let rows = await rows { row, chosen in
      let view = PlanView(chosen.resolved, try await chosen.preview())
      row.done = row.total - view.waiting.count
      row.state = view.refusals.isEmpty ? (view.waiting.isEmpty ? "succeeded" : "to run") : "refused"
      row.reason = view.refusals.first.map { "\($0.step): \($0.finding.message)" }
        ?? (view.waiting.isEmpty ? nil : view.waiting.map(\.step.id).joined(separator: ", "))
      row.next = chosen.next("plan")
    }
    let isRefused = rows.contains { $0.state == "refused" }
    return show(rows, code: rows.contains { $0.error != nil } ? .failed : isRefused ? .refused : .done)
  }

  /// Whoever works on a run stops at its next checkpoint; what is done stays done.
  func abort(reason: String) async -> ExitCode {
    let rows = await rows { row, chosen in
      let run = try await chosen.reading("abort") { reader in try await reader?.run(nil, of: chosen) }
      guard let run, run.finishedAt == nil else {
        row.reason = "nothing to cancel"
        return
      }
      let record = try await Wish(desired: .cancel, reason: reason, patience: .seconds(3)).ask(of: run.id, chosen)
      row.run = record.id
      row.state = record.state.rawValue
      row.reason = record.state == .canceled ? nil : "stops at its next checkpoint"
    }
    return show(rows, code: rows.contains { $0.error != nil } ? .failed : .done)
  }

  /// A row for each target asked about; what goes wrong with one stands in its row.
  private func rows(
    _ fill: @escaping @Sendable (inout RolloutRow, ChosenEnvironment) async throws -> Void
  ) async -> [RolloutRow] {
    var rows: [RolloutRow] = []
    for stage in desk.rollout.stages {
      for place in stage.targets.indices {
        var row = RolloutRow(stage, place, state: "pending")
        guard only?.contains(row.target) ?? true, let chosen = desk[row.target] else { continue }
        do { try await fill(&row, chosen) } catch {
          let problem = Problem(chosen.withNext(error))
          (row.state, row.reason, row.error) = ("failed", problem.what, problem.json["error"])
        }
        rows.append(row)
      }
      if stage.name == until { break }
    }
    return rows
  }

  private func show(_ rows: [RolloutRow], code: ExitCode) -> ExitCode {
    let isDone = rows.allSatisfy { $0.state == "succeeded" }
    let vote = rows.first { $0.gates.contains(where: \.isVoted) }?.next
    let next = isDone ? nil : vote ?? desk.next("rollout")
    guard console.format == .text else {
      console.print([
        "rollout": .string(desk.rollout.name), "plan": .string(desk.rollout.plan),
        "release_hash": .string(desk.rollout.releaseHash), "stages": RolloutRow.stages(rows, of: desk.rollout),
        "next": JSON(next),
      ])
      return code
    }
    console.print(RolloutRow.table(rows))
    if let next { console.print("next: \(next)") }
    return code
  }
}

extension RolloutRow {
  /// As the target's journal has it.
  fileprivate mutating func look(_ chosen: ChosenEnvironment) async throws {
    let status = try await chosen.reading("status") { reader -> RunStatus? in
      guard let reader, let run = try await reader.run(nil, of: chosen) else { return nil }
      return try await RunStatus(run.id, reader, chosen)
    }
    guard let status else {
      state = "not begun"
      return
    }
    run = status.run.id
    seconds = status.run.seconds
    done = status.steps.count { $0.state.isSatisfied }
    total = status.steps.count
    gates = status.closed.compactMap(ClosedGate.init)
    reason = gates.isEmpty ? status.steps.first { $0.state == .failed || $0.state == .blocked }?.reason : gates[0].text
    next = status.next
    state = status.steps.contains { $0.state == .blocked } ? "blocked" : status.run.state.rawValue
    guard status.run.planHash != chosen.resolved.planHash else { return }
    reason = "of another version of the plan" + (reason.map { ", \($0)" } ?? "")
    if status.run.finishedAt != nil { state = "not begun" }
  }
}
