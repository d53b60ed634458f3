package import JSONText
package import RunModel
package import SQLText

/// Whose schedules: a plan by name, in an environment, on a target.
package struct ScheduleScope: Sendable, Hashable {
  package var plan: String
  package var environment: String
  package var target: String
  /// The resolved plan's; firings are claimed for exactly this plan.
  package var planHash: String

  package init(plan: String, environment: String, target: String, planHash: String) {
    self.plan = plan
    self.environment = environment
    self.target = target
    self.planHash = planHash
  }

  var schedules: SQL { "s.target = \(target) AND s.plan_name = \(plan) AND s.environment = \(environment)" }
  var arguments: SQL { "\(JournalSQL.bytes(planHash)), \(target), \(plan), \(environment)" }
}

/// One holding of one firing.
package struct FiringHold: Sendable, Hashable {
  package let id: Int64
  package let fence: Int64

  package init(id: Int64, fence: Int64) {
    self.id = id
    self.fence = fence
  }
}

extension JournalSQL {
  /// Makes the schedules those of the plan; `wanted` holds `step, cron, zone, every` (an interval)`, overlap, catch_up,
  /// next` (microseconds, for schedules that are new or have another time). Row: `step`, `change`. One row without a
  /// step: somebody has one of them locked, try again.
  package static func registerSchedules(_ scope: ScheduleScope, wanted: JSON, actor: String) -> SQL {
    "SELECT * FROM caisson.register_schedules(\(sql: scope.arguments), \(wanted), \(actor))"
  }

  // MARK: Moments that have come

  private static let lockedColumns: SQL = """
    s.schedule_id, s.step, s.cron, s.zone, (extract(epoch FROM s.every) * 1000)::bigint AS every, s.overlap, s.catch_up,
    \(sql: Moment.of("s.next_at")) AS next, s.paused_at, s.paused_by, s.paused_reason
    """

  /// Locks one schedule whose next moment has come. No row: none just now.
  package static func lockDueSchedule(_ scope: ScheduleScope) -> SQL {
    """
    SELECT \(sql: lockedColumns) FROM caisson.schedule s WHERE \(sql: scope.schedules) AND s.paused_at IS NULL
      AND s.retired_at IS NULL AND s.next_at <= clock_timestamp() ORDER BY s.next_at LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
    """
  }

  /// Locks one schedule by its step.
  package static func lockSchedule(_ scope: ScheduleScope, step: String) -> SQL {
    """
    SELECT \(sql: lockedColumns) FROM caisson.schedule s WHERE \(sql: scope.schedules) AND s.step = \(step)
      AND s.retired_at IS NULL FOR NO KEY UPDATE SKIP LOCKED
    """
  }

  /// Rows `due` (microseconds), `running`.
  package static func unfinishedFirings(_ schedule: Int64) -> SQL {
    """
    SELECT \(sql: Moment.of("due_at")) AS due, state = 'running' AS running FROM caisson.firing
    WHERE schedule_id = \(schedule) AND state IN ('due','running') ORDER BY due_at
    """
  }

  /// A moment as a firing, once, by whoever holds the schedule. No row: it is there already.
  package static func addFiring(
    _ schedule: Int64, due: Moment, extra: Bool = false, state: FiringState, moments: Int = 1, reason: String? = nil,
    requestedBy: String? = nil, actor: String
  ) -> SQL {
    """
    SELECT * FROM caisson.add_firing(\(schedule), \(sql: due.instant), \(extra), \(state.rawValue), \(moments),
      \(optional: reason), \(optional: requestedBy), \(actor))
    """
  }

  /// What comes next; `last`: the latest moment that came.
  package static func advanceSchedule(_ schedule: Int64, next: Moment?, last: Moment?) -> SQL {
    let next: SQL = next.map(\.instant) ?? "NULL"
    let last: SQL = last.map(\.instant) ?? "NULL"
    return """
      UPDATE caisson.schedule SET next_at = \(sql: next), last_at = greatest(last_at, \(sql: last))
      WHERE schedule_id = \(schedule)
      """
  }

  // MARK: Firings

  /// Row: `firing_id, step, due` (microseconds)`, extra, fence, run_id, taken_over`. No row: nothing to do just now.
  package static func claimFiring(_ scope: ScheduleScope, runner: String, ttl: Duration) -> SQL {
    """
    SELECT firing_id, step, \(sql: Moment.of("due_at")) AS due, extra, fence, run_id, taken_over
    FROM caisson.claim_firing(\(sql: scope.arguments), \(runner), \(interval(ttl)))
    """
  }

  /// No row: it was taken over.
  package static func renewFiring(_ hold: FiringHold, ttl: Duration) -> SQL {
    """
    UPDATE caisson.firing SET until = clock_timestamp() + \(interval(ttl))::interval
    WHERE firing_id = \(hold.id) AND fence = \(hold.fence) AND state = 'running' RETURNING firing_id
    """
  }

  /// Nobody's until `delay` is over: whoever looks then takes it up again.
  package static func releaseFiring(_ hold: FiringHold, after delay: Duration) -> SQL {
    """
    UPDATE caisson.firing SET until = clock_timestamp() + \(interval(delay))::interval, runner_id = NULL
    WHERE firing_id = \(hold.id) AND fence = \(hold.fence) AND state = 'running' RETURNING firing_id
    """
  }

  /// In the transaction that creates the run, behind it. Row: `run_id`. CA001: the firing was taken over.
  package static func startFiring(
    _ hold: FiringHold, plan: String, target: String, variant: String, reason: String?, actor: String
  ) -> SQL {
    """
    SELECT * FROM caisson.start_firing(\(hold.id), \(hold.fence), \(bytes(plan)), \(target), \(variant),
      \(optional: reason), \(actor))
    """
  }

  /// No row: it was taken over.
  package static func endFiring(_ hold: FiringHold, state: FiringState, reason: String?, actor: String) -> SQL {
    """
    SELECT * FROM caisson.end_firing(\(hold.id), \(hold.fence), \(state.rawValue), \(optional: reason), \(actor))
    """
  }

  /// How long until something can be done, in seconds; NULL: nothing is scheduled.
  package static func nextFiring(_ scope: ScheduleScope) -> SQL {
    """
    SELECT CASE WHEN min(q.at) IS NOT NULL
      THEN extract(epoch FROM greatest(min(q.at) - clock_timestamp(), interval '0'))::float8 END AS seconds FROM (
      SELECT s.next_at AS at FROM caisson.schedule s WHERE \(sql: scope.schedules) AND s.paused_at IS NULL
        AND s.retired_at IS NULL AND s.plan_hash = \(bytes(scope.planHash))
      UNION ALL SELECT clock_timestamp() FROM caisson.open_firings(\(sql: scope.arguments))
      UNION ALL SELECT f.until FROM caisson.firing f JOIN caisson.schedule s USING (schedule_id)
        WHERE \(sql: scope.schedules) AND f.state = 'running' AND f.until > clock_timestamp()) q
    """
  }

  /// Processes that hold firings, as far as they are not known to be dead.
  package static func firingHolders(_ scope: ScheduleScope) -> SQL {
    """
    SELECT x.runner_id, x.host, x.boot_id, x.os_pid, x.os_start FROM caisson.firing f
      JOIN caisson.schedule s USING (schedule_id) JOIN caisson.runner x ON x.runner_id = f.runner_id
    WHERE \(sql: scope.schedules) AND f.state = 'running' AND x.dead_at IS NULL
    """
  }

  // MARK: A person's word

  /// Row: `step`. No row: no such schedule, or it is paused already.
  package static func pauseSchedule(_ scope: ScheduleScope, step: String, by: String, reason: String) -> SQL {
    """
    WITH s AS (
      UPDATE caisson.schedule s SET paused_at = clock_timestamp(), paused_by = \(by), paused_reason = \(reason)
      WHERE \(sql: scope.schedules) AND s.step = \(step) AND s.retired_at IS NULL AND s.paused_at IS NULL
      RETURNING s.step, s.plan_name || '/' || s.environment AS plan),
    e AS (INSERT INTO caisson.event (step, kind, actor, data)
      SELECT s.step, 'schedule.paused', \(by), jsonb_build_object('plan', s.plan, 'reason', \(reason)::text) FROM s)
    SELECT step FROM s
    """
  }

  /// After `advanceSchedule` has stepped over what came meanwhile.
  package static func resumeSchedule(_ schedule: Int64, by: String, reason: String?) -> SQL {
    """
    WITH s AS (
      UPDATE caisson.schedule SET paused_at = NULL, paused_by = NULL, paused_reason = NULL
      WHERE schedule_id = \(schedule) AND paused_at IS NOT NULL
      RETURNING step, plan_name || '/' || environment AS plan),
    e AS (INSERT INTO caisson.event (step, kind, actor, data)
      SELECT s.step, 'schedule.resumed', \(by), jsonb_strip_nulls(jsonb_build_object('plan', s.plan,
        'reason', \(optional: reason)::text)) FROM s)
    SELECT step FROM s
    """
  }
}
