package import RunModel
package import SQLText

/// Where a step stands and who holds it: what the engine decides by. `StepRecord` adds what people want to see, and
/// costs ten times as much to read.
package struct StepStanding: Sendable, Hashable {
  package let step: String
  package let state: StepState
  /// Holdings so far, both directions.
  package let attempt: Int
  package let reason: String?
  package let changedAt: String
  package let holder: String?
  /// Run out, or void because its runner is proven dead.
  package let leaseExpired: Bool
  /// The only host that may run it.
  package let host: String?

  /// Joins are made on the run as well, so that the planner can read one run's part of every table.
  static let select: SQL = """
    SELECT s.step, s.state, s.attempt, s.reason, s.changed_at, l.runner_id AS holder,
      coalesce(l.until < clock_timestamp() OR x.dead_at IS NOT NULL, false) AS lease_expired,
      coalesce(s.host, CASE WHEN s.local THEN r.host END) AS host
    FROM caisson.step s JOIN caisson.run r ON r.run_id = s.run_id
      LEFT JOIN caisson.lease l ON l.run_id = s.run_id AND l.step = s.step
      LEFT JOIN caisson.runner x ON x.runner_id = l.runner_id
    """

  package init(_ row: Row) throws {
    step = try row.string("step")
    state = try row.state("state")
    attempt = try row.int("attempt")
    reason = row["reason"]
    changedAt = try row.string("changed_at")
    holder = row["holder"]
    leaseExpired = try row.bool("lease_expired")
    host = row["host"]
  }
}
