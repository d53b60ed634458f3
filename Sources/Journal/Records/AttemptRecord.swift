package import JSONText
package import RunModel
package import SQLText

/// One holding of a step and its one outcome.
package struct AttemptRecord: Sendable, Hashable {
  package let step: String
  package let attempt: Int
  package let fence: Int64
  package let direction: Direction
  package let runner: String
  package let backendPID: Int?
  package let startedAt: String
  package let endedAt: String?
  package let outcome: AttemptOutcome?
  package let sqlState: String?
  package let error: JSON?
  package let seconds: Double

  static let select: SQL = """
    SELECT a.step, a.attempt, a.fence, a.direction, a.runner_id, a.backend_pid, a.started_at, a.ended_at, a.outcome,
      a.sqlstate, a.error, extract(epoch FROM coalesce(a.ended_at, clock_timestamp()) - a.started_at) AS seconds
    FROM caisson.attempt a
    """

  package init(_ row: Row) throws {
    step = try row.string("step")
    attempt = try row.int("attempt")
    fence = try row.int64("fence")
    direction = try row.state("direction")
    runner = try row.string("runner_id")
    backendPID = try row.intIfAny("backend_pid")
    startedAt = try row.string("started_at")
    endedAt = row["ended_at"]
    outcome = try row.stateIfAny("outcome")
    sqlState = row["sqlstate"]
    error = try row.jsonIfAny("error")
    seconds = try row.double("seconds")
  }
}
