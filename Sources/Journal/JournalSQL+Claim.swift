package import JSONText
package import PluginAPI
package import SQLText

extension JournalSQL {
  /// First statement of the work transaction of a step that is one transaction; claim and finish in one. Row: `ride`,
  /// the fence. Raises `JournalCode.mayNotRun`, so that what follows in the pipeline dies with it.
  package static func ride(run: String, step: String, runner: String, details: JSON = [:]) -> SQL {
    "SELECT caisson.ride(\(run), \(step), \(runner), \(details))"
  }

  /// Behind the ride of a step that names relations, before its work: how large they are. `relations`: `[schema, name]`.
  package static func rideBegun(run: String, step: String, relations: JSON) -> SQL {
    "SELECT caisson.begin_measure(\(run), \(step), 'forward', \(relations))"
  }

  /// Last before COMMIT, for a step whose work may take its time: what it took. `stalls`: others waited for it.
  package static func rideEnded(run: String, step: String, stalls: Bool = false) -> SQL {
    "SELECT caisson.ride_measured(\(run), \(step), \(stalls))"
  }

  /// A named step, or the first ready one. Row: `step, fence, attempt, phase, was`. No row: nothing to claim just now.
  package static func claim(
    run: String, step: String? = nil, runner: String, ttl: Duration, resources: [Resource] = []
  ) -> SQL {
    guard !resources.isEmpty else {
      return "SELECT * FROM caisson.claim(\(run), \(optional: step), \(runner), \(interval(ttl)))"
    }
    return """
      SELECT * FROM caisson.claim_holding(\(run), \(optional: step), \(runner), \(interval(ttl)),
        \(resources.map(\.name)), \
      \(resources.map(\.mode)))
      """
  }

  /// A step whose lease ran out or whose runner is proven dead, with its resources. Row: `step, fence, attempt, phase,
  /// was, direction`. No row: nothing to take just now.
  package static func takeOver(run: String, runner: String, ttl: Duration) -> SQL {
    "SELECT * FROM caisson.take_over(\(run), \(runner), \(interval(ttl)))"
  }

  /// The step's program has files or programs of a host. Row: `host` where it runs, `here`.
  package static func localize(_ holding: Holding) -> SQL {
    """
    WITH s AS (
      UPDATE caisson.step SET local = true WHERE run_id = \(holding.run) AND step = \(holding.step)
        AND fence = \(holding.fence) RETURNING run_id, host)
    SELECT coalesce(s.host, r.host) AS host, coalesce(s.host, r.host) = x.host AS here
    FROM s JOIN caisson.run r USING (run_id), caisson.runner x WHERE x.runner_id = \(holding.runner)
    """
  }

  /// Names must exist before they can be held.
  package static func ensureResources(_ names: [String], capacity: Int? = nil) -> SQL {
    """
    INSERT INTO caisson.resource (name, capacity) SELECT n, \(optional: capacity)::integer FROM unnest(\(names)::text[]) n
    ORDER BY n
    ON CONFLICT (name) DO NOTHING
    """
  }

  /// All or none, never waits. Row: `hold`, a boolean. In the transaction of the claim, or later under its lease.
  package static func hold(_ holding: Holding, _ resources: [Resource]) -> SQL {
    """
    SELECT caisson.hold(\(holding.run), \(holding.step), \(holding.fence), \(resources.map(\.name)), \
    \(resources.map(\.mode)))
    """
  }

  /// Marks dependents as ready. In the transaction after the one that finished a step, never in the same: two needs
  /// finishing together would each see the other unfinished.
  package static func promote(run: String, wantedBy: [String]) -> SQL {
    """
    UPDATE caisson.step SET ready = true WHERE (run_id, step) IN (SELECT run_id, step FROM caisson.step
      WHERE run_id = \(run) AND step = ANY (\(wantedBy)) AND NOT ready AND state = 'pending'
        AND caisson.needs_met(run_id, needs) FOR NO KEY UPDATE SKIP LOCKED) RETURNING step
    """
  }

  /// When nothing is claimable: repairs hints that a dead runner left behind.
  package static func sweep(run: String) -> SQL {
    """
    UPDATE caisson.step SET ready = true WHERE (run_id, step) IN (SELECT run_id, step FROM caisson.step
      WHERE run_id = \(run) AND NOT ready AND state = 'pending' AND caisson.needs_met(run_id, needs)
      ORDER BY ord LIMIT 50 FOR NO KEY UPDATE SKIP LOCKED) RETURNING step
    """
  }
}
