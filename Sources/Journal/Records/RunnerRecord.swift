package import JSONText
package import SQLText

/// A process that works, or worked, on runs.
package struct RunnerRecord: Sendable, Hashable {
  package let id: String
  package let host: String
  package let bootID: String
  package let processID: Int
  package let processStart: String
  package let version: String
  package let labels: JSON
  package let draining: Bool
  package let doing: JSON
  package let startedAt: String
  package let seenAt: String
  package let secondsSinceSeen: Double
  package let deadAt: String?
  /// Steps it holds, as `run/step`.
  package let holds: [String]
  /// The latest of its leases ends so many seconds from now; `nil`: it holds none.
  package let leaseSeconds: Double?

  static let select: SQL = """
    SELECT x.runner_id, x.host, x.boot_id, x.os_pid, x.os_start, x.version, x.labels, x.draining, x.doing, x.started_at,
      x.seen_at, extract(epoch FROM clock_timestamp() - x.seen_at) AS since_seen, x.dead_at, l.holds,
      extract(epoch FROM l.until - clock_timestamp()) AS lease_seconds
    FROM caisson.runner x LEFT JOIN LATERAL (
      SELECT array_agg(l.run_id || '/' || l.step ORDER BY l.run_id, l.step) AS holds, max(l.until) AS until
      FROM caisson.lease l WHERE l.runner_id = x.runner_id) l ON true
    """

  package init(_ row: Row) throws {
    id = try row.string("runner_id")
    host = try row.string("host")
    bootID = try row.string("boot_id")
    processID = try row.int("os_pid")
    processStart = try row.string("os_start")
    version = try row.string("version")
    labels = try row.json("labels")
    draining = try row.bool("draining")
    doing = try row.json("doing")
    startedAt = try row.string("started_at")
    seenAt = try row.string("seen_at")
    secondsSinceSeen = try row.double("since_seen")
    deadAt = row["dead_at"]
    holds = try row.strings("holds")
    leaseSeconds = row["lease_seconds"] == nil ? nil : try row.double("lease_seconds")
  }
}
