import Journal
import PlanModel
import PostgresClient
import RunModel
import SQLText

/// What the plan's own runs have made of a step and of what it needs: a firing builds on it.
struct AppliedState {
  private struct Standing {
    let state: StepState
    let spec: String
    let run: String
    let runState: RunState
  }

  let scope: ScheduleScope
  let connection: Connection

  /// Why a step must not be fired now; `nil`: it may.
  func objection(to step: PlanStep) async throws -> String? {
    let found = try await standings(of: [step.id] + step.needs)
    guard let own = found[step.id] else { return "step \(step.id) has not been applied here: caisson apply" }
    if own.runState == .undoing || own.runState == .rollbackFailed {
      return "run \(own.run.prefix(8)) of the plan is being rolled back"
    }
    if let reason = reason(step.id, own) { return reason }
    if own.state == .skipped { return "step \(step.id) was skipped in run \(own.run.prefix(8)) of the plan" }
    if own.spec != step.specHash { return "step \(step.id) was edited since it was applied: caisson apply" }
    for need in step.needs {
      guard let standing = found[need] else { return "step \(need), which it needs, has not been applied here" }
      if let reason = reason(need, standing) { return reason }
    }
    return nil
  }

  private func reason(_ step: String, _ standing: Standing) -> String? {
    switch standing.state {
    case .done, .skipped: nil
    case .undone, .undoing, .undoFailed: "step \(step) was rolled back"
    default: "step \(step) is \(standing.state.rawValue) in run \(standing.run.prefix(8)) of the plan"
    }
  }

  /// By step, of the latest run of the plan itself that did or undid it, or is at it.
  private func standings(of steps: [String]) async throws -> [String: Standing] {
    let rows = try await connection.query(
      """
      SELECT DISTINCT ON (s.step) s.step, s.state, encode(s.spec_hash, 'hex') AS spec, s.run_id, r.state AS run_state
      FROM caisson.run r JOIN caisson.plan p USING (plan_hash)
        JOIN caisson.step s ON s.run_id = r.run_id AND s.step = ANY (\(steps)::text[] COLLATE "C")
      WHERE p.name = \(scope.plan) AND p.environment = \(scope.environment) AND r.target = \(scope.target)
        AND NOT starts_with(r.variant, \(Firing.variantPrefix))
        AND (r.finished_at IS NULL OR s.state IN ('done','skipped','undone','undo_failed'))
      ORDER BY s.step, r.created_at DESC
      """).rows
    return try rows.reduce(into: [:]) { found, row in
      guard let state = StepState(rawValue: try row.string("state")),
        let runState = RunState(rawValue: try row.string("run_state"))
      else { return }
      found[try row.string("step")] = Standing(
        state: state, spec: try row.string("spec"), run: try row.string("run_id"), runState: runState)
    }
  }
}
