import Journal
import PlanModel
import PlanSchema
import PostgresClient
import RunModel
import SQLText

/// Wall-clock times and instants, both ways, by the server's clock and the server's time zones.
struct ScheduleClock {
  let connection: Connection

  func now() async throws -> Moment {
    let rows = try await connection.query(
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now").rows
    return Moment(microseconds: try rows[0].int64("now"))
  }

  /// Moments from `first` to now, and the one that comes next. Without `first`: only what comes next. `asOf` is now,
  /// unless it is given.
  func moments(
    of timing: Recurrence.Timing, from first: Moment?, asOf given: Moment? = nil
  ) async throws -> (due: DueMoments, next: Moment?, now: Moment) {
    switch timing {
    case .every(let span):
      let now = if let given { given } else { try await now() }
      let grid = DueMoments.grid(from: first ?? now + span.duration, every: span.duration, now: now)
      return (grid.due, grid.next, now)
    case .cron(let cron, let zone):
      let look = try await wallClock(zone, first, given)
      let candidates = CronCandidates(cron, from: look.first, through: look.now)
      let instants = try await instants(candidates.times, in: zone)
      let mapped = DueMoments.mapped(
        instants, from: first ?? look.instant + .microseconds(1), now: look.instant,
        dropped: first == nil ? 0 : candidates.dropped)
      return (mapped.due, mapped.next, look.instant)
    }
  }

  func wallClock(
    _ zone: TimeZoneName, _ first: Moment?, _ given: Moment?
  ) async throws -> (instant: Moment, now: LocalTime, first: LocalTime) {
    let rows = try await connection.query(
      """
      SELECT (extract(epoch FROM c.now) * 1000000)::bigint AS instant,
        to_char(c.now AT TIME ZONE \(zone.name), 'YYYY-MM-DD HH24:MI') AS now,
        to_char(
          coalesce(timestamptz 'epoch' + \(optional: first?.microseconds)::bigint * interval '1 microsecond', c.now)
          AT TIME ZONE \(zone.name), 'YYYY-MM-DD HH24:MI') AS first
      FROM (SELECT coalesce(timestamptz 'epoch' + \(optional: given?.microseconds)::bigint * interval '1 microsecond',
        clock_timestamp()) AS now) c
      """).rows
    guard let row = rows.first, let now = LocalTime(try row.string("now")),
      let first = LocalTime(try row.string("first"))
    else { throw EngineError(.failed, "the server's clock cannot be read") }
    return (Moment(microseconds: try row.int64("instant")), now, first)
  }

  /// What instants wall-clock times are: one that the zone has twice is one instant, one it leaves out is the instant
  /// the server takes it for.
  func instants(_ times: [LocalTime], in zone: TimeZoneName) async throws -> [Moment] {
    let rows = try await connection.query(
      """
      SELECT (extract(epoch FROM t AT TIME ZONE \(zone.name)) * 1000000)::bigint AS instant
      FROM unnest(\(times.map(\.description))::timestamp[]) AS t
      """).rows
    return try rows.map { Moment(microseconds: try $0.int64("instant")) }
  }

  /// The server's list of zones is the one that counts.
  func checkZones(of resolved: ResolvedPlan) async throws {
    var known: Set<String> = []
    for window in resolved.environment.windows { try await check(window.zone, of: nil, &known) }
    for step in resolved.plan.steps {
      if case .cron(_, let zone)? = step.schedule?.timing { try await check(zone, of: step, &known) }
      for window in step.policy.windows { try await check(window.zone, of: step, &known) }
    }
  }

  private func check(_ zone: TimeZoneName, of step: PlanStep?, _ known: inout Set<String>) async throws {
    guard known.insert(zone.name).inserted else { return }
    do {
      try await connection.query("SELECT now() AT TIME ZONE \(zone.name)")
    } catch {
      guard error.sqlState == "22023" else { throw error }
      throw EngineError(
        .refused, "the server has no time zone \(zone)",
        hint: "see pg_timezone_names, and correct the zone of the \(step == nil ? "environment" : "step")",
        step: step?.id)
    }
  }
}
