package import RunModel
package import SQLText

/// A run, with the name of its plan. Instants are as the server prints them.
package struct RunRecord: Sendable, Hashable {
  package let id: String
  package let plan: String
  package let environment: String
  package let planHash: String
  package let target: String
  package let variant: String
  package let state: RunState
  package let desired: DesiredState
  package let desiredBy: String?
  package let desiredReason: String?
  package let host: String?
  package let startedBy: String
  package let createdAt: String
  package let finishedAt: String?
  package let finalizeDue: String?
  package let noReturnAt: String?
  /// From creation to the end, or to now.
  package let seconds: Double

  static let select: SQL = """
    SELECT r.run_id, p.name AS plan, p.environment, encode(r.plan_hash, 'hex') AS plan_hash, r.target, r.variant,
      r.state,
      r.desired, r.desired_by, r.desired_reason, r.host, r.started_by, r.created_at, r.finished_at, r.finalize_due,
      r.no_return_at, extract(epoch FROM coalesce(r.finished_at, clock_timestamp()) - r.created_at) AS seconds
    FROM caisson.run r JOIN caisson.plan p USING (plan_hash)
    """

  package init(_ row: Row) throws {
    id = try row.string("run_id")
    plan = try row.string("plan")
    environment = try row.string("environment")
    planHash = try row.string("plan_hash")
    target = try row.string("target")
    variant = try row.string("variant")
    state = try row.state("state")
    desired = try row.state("desired")
    desiredBy = row["desired_by"]
    desiredReason = row["desired_reason"]
    host = row["host"]
    startedBy = try row.string("started_by")
    createdAt = try row.string("created_at")
    finishedAt = row["finished_at"]
    finalizeDue = row["finalize_due"]
    noReturnAt = row["no_return_at"]
    seconds = try row.double("seconds")
  }
}
