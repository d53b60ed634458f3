package import JSONText
package import RunModel
package import SQLText

extension JournalSQL {
  /// A whole run in one call. Row: `run_id`, `created` (false: the live run of this plan and target), `state`.
  ///
  /// The arrays hold records with these members: steps `step, ord, kind, spec_hash ("\\x…"), needs, irreversible,
  /// single_tx, host, state, done_by, reason`; programs (phases compiled with the run) `step, phase, name, operations,
  /// undo, carry, facts_digest, findings`; tasks, in execution order within a step, `step, phase, operation, slice,
  /// kind, title, total`. A step that may ride has all its tasks here.
  package static func createRun(
    plan: String, target: String, variant: String = "", state: RunState = .running, host: String, actor: String,
    amendedFrom: String? = nil, steps: JSON, programs: JSON, tasks: JSON
  ) -> SQL {
    """
    SELECT * FROM caisson.create_run(\(bytes(plan)), \(target), \(variant), \(state.rawValue), \(host), \(actor), \
    \(optional: amendedFrom.map(bytes)), \(steps), \(programs), \(tasks))
    """
  }

  /// The run goes on with another version of the plan, or with the same one as it compiles now. Rows `problem, step`:
  /// nothing was changed; `moved`, `held`, or what `amendProblems` says.
  package static func amendRun(
    _ run: String, from: String, to: String, actor: String, steps: JSON, programs: JSON, tasks: JSON, difference: JSON
  ) -> SQL {
    """
    SELECT * FROM caisson.amend_run(\(run), \(bytes(from)), \(bytes(to)), \(actor), \(steps), \(programs), \(tasks),
      \(difference))
    """
  }

  /// Rows `step, problem`: steps of which something is in the database, and that are other ones in `wanted`, or none.
  package static func amendProblems(_ run: String, wanted: JSON) -> SQL {
    "SELECT * FROM caisson.amend_problems(\(run), \(wanted))"
  }

  /// Rows `step, operations`.
  package static func shown(_ run: String) -> SQL {
    "SELECT step, operations FROM caisson.shown WHERE run_id = \(run)"
  }

  /// Row: `origin`, the plan the run began with, and `earlier`, how many runs that began with it came before.
  package static func origin(_ run: String) -> SQL {
    """
    SELECT encode(coalesce(me.amended_from, me.plan_hash), 'hex') AS origin, (
      SELECT count(*) FROM caisson.run r
      WHERE coalesce(r.amended_from, r.plan_hash) = coalesce(me.amended_from, me.plan_hash) AND r.target = me.target
        AND r.variant = me.variant AND r.created_at < me.created_at) AS earlier
    FROM caisson.run me WHERE me.run_id = \(run)
    """
  }

  /// Row: `was`. No row: the run is in none of the states `from`.
  package static func setRunState(
    _ run: String, from: [RunState], to: RunState, actor: String, reason: String? = nil
  ) -> SQL {
    "SELECT * FROM caisson.turn_run(\(run), \(from.map(\.rawValue)), \(to.rawValue), \(actor), \(optional: reason))"
  }

  /// A person's wish; the engine moves the run there. Row: `state`. No row: no live run.
  package static func setDesired(_ run: String, _ desired: DesiredState, by: String, reason: String? = nil) -> SQL {
    """
    WITH r AS (
      UPDATE caisson.run SET desired = \(desired.rawValue), desired_by = \(by), desired_reason = \(optional: reason)
      WHERE run_id = \(run) AND (finished_at IS NULL OR \(desired.rawValue)::text = 'rollback')
      RETURNING run_id, state),
    e AS (
      INSERT INTO caisson.event (run_id, kind, actor, data)
      SELECT r.run_id, 'run.desired', \(by),
        jsonb_strip_nulls(jsonb_build_object('desired', \(desired.rawValue)::text, 'reason', \(optional: reason)::text))
          FROM r)
    SELECT state FROM r
    """
  }

  /// Value: true when whoever works on the run is to stop at the next checkpoint.
  package static func isToldToStop(_ run: String) -> SQL {
    "SELECT desired IN ('pause','cancel') FROM caisson.run WHERE run_id = \(run)"
  }

  /// Turns the run into what its steps say, forward and in a rollback. Row: the new `state`. No row: it goes on.
  package static func finishRun(_ run: String, actor: String) -> SQL {
    "SELECT * FROM caisson.settle_run(\(run), \(actor))"
  }

  /// Takes up phases that were put off: those that are due, or (`early`) all. Value: how many.
  package static func beginFinalize(_ run: String, early: Bool, actor: String) -> SQL {
    "SELECT caisson.begin_finalize(\(run), \(early), \(actor))"
  }

  /// The run goes on and what failed is tried again, with a new window of attempts. Row: `was`, `retried`.
  package static func resumeRun(_ run: String, actor: String, host: String? = nil, reason: String? = nil) -> SQL {
    "SELECT * FROM caisson.resume_run(\(run), \(actor), \(optional: host), \(optional: reason))"
  }

  /// The first irreversible operation; in its transaction, as late as possible: it locks the run.
  package static func pointOfNoReturn(_ run: String) -> SQL {
    """
    UPDATE caisson.run SET no_return_at = clock_timestamp() WHERE run_id = \(run) AND no_return_at IS NULL
    RETURNING no_return_at
    """
  }
}
