package import RunModel
package import SQLText

/// A step, who holds it, and how far its tasks are.
package struct StepRecord: Sendable, Hashable {
  package let step: String
  package let order: Int
  package let kind: String
  package let specHash: String
  package let needs: [String]
  package let wantedBy: [String]
  package let irreversible: Bool
  package let singleTransaction: Bool
  package let state: StepState
  package let doneBy: DoneBy?
  package let fence: Int64
  package let phase: Int
  package let attempt: Int
  /// The retry policy counts attempts after this one.
  package let retryFrom: Int
  /// `nil`: at once.
  package let notBefore: String?
  package let reason: String?
  package let changedAt: String
  package let holder: String?
  package let holderHost: String?
  package let leaseUntil: String?
  /// Run out, or void because its runner is proven dead.
  package let leaseExpired: Bool
  /// The only host that may run it.
  package let host: String?
  package let tasks: Int
  package let tasksDone: Int
  package let rowsDone: Double
  package let rowsTotal: Double?
  /// Of the last attempt, or of the one that runs.
  package let seconds: Double?

  static let select: SQL = """
    SELECT s.step, s.ord, s.kind, encode(s.spec_hash, 'hex') AS spec_hash, s.needs, s.wanted_by, s.irreversible,
      s.single_tx, s.state, s.done_by, s.fence, s.phase, s.attempt, s.retry_from,
      nullif(s.not_before, '-infinity') AS not_before, s.reason, s.changed_at, l.runner_id AS holder,
      x.host AS holder_host, l.until AS lease_until, coalesce(l.until < clock_timestamp() OR x.dead_at IS NOT NULL, false) AS lease_expired,
      coalesce(s.host, CASE WHEN s.local THEN r.host END) AS host,
      coalesce(t.tasks, 0) AS tasks, coalesce(t.tasks_done, 0) AS tasks_done,
      coalesce(t.rows_done, 0) AS rows_done, t.rows_total,
      (SELECT extract(epoch FROM coalesce(a.ended_at, clock_timestamp()) - a.started_at) FROM caisson.attempt a
        WHERE a.run_id = s.run_id AND a.step = s.step AND a.attempt = s.attempt) AS seconds
    FROM caisson.step s JOIN caisson.run r ON r.run_id = s.run_id
      LEFT JOIN caisson.lease l ON l.run_id = s.run_id AND l.step = s.step
      LEFT JOIN caisson.runner x ON x.runner_id = l.runner_id
      LEFT JOIN (
        SELECT run_id, step, count(*) AS tasks, count(*) FILTER (WHERE state IN ('done','skipped','undone')) AS tasks_done,
          sum(done_rows) AS rows_done, sum(total_rows) AS rows_total
        FROM caisson.task GROUP BY run_id, step) t ON t.run_id = s.run_id AND t.step = s.step
    """

  package init(_ row: Row) throws {
    step = try row.string("step")
    order = try row.int("ord")
    kind = try row.string("kind")
    specHash = try row.string("spec_hash")
    needs = try row.strings("needs")
    wantedBy = try row.strings("wanted_by")
    irreversible = try row.bool("irreversible")
    singleTransaction = try row.bool("single_tx")
    state = try row.state("state")
    doneBy = try row.stateIfAny("done_by")
    fence = try row.int64("fence")
    phase = try row.int("phase")
    attempt = try row.int("attempt")
    retryFrom = try row.int("retry_from")
    notBefore = row["not_before"]
    reason = row["reason"]
    changedAt = try row.string("changed_at")
    holder = row["holder"]
    holderHost = row["holder_host"]
    leaseUntil = row["lease_until"]
    leaseExpired = try row.bool("lease_expired")
    host = row["host"]
    tasks = try row.int("tasks")
    tasksDone = try row.int("tasks_done")
    rowsDone = try row.double("rows_done")
    rowsTotal = row["rows_total"] == nil ? nil : try row.double("rows_total")
    seconds = row["seconds"] == nil ? nil : try row.double("seconds")
  }
}
