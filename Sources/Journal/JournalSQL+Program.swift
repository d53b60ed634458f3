package import JSONText
import RunModel
package import SQLText

extension JournalSQL {
  /// A compiled phase and its tasks, before the first operation runs; what an older program of the phase had not begun
  /// is voided. Row: `attempt` (of the program), `first_task`, `tasks_added`; tasks are numbered in the array's order.
  ///
  /// Tasks hold `operation, slice, bounds, kind, title, cursor, total, undoes`. `undo` is what an undo program would
  /// run; `relations` are `[schema, name]` of what it is about, to be measured.
  package static func insertProgram(
    _ holding: Holding, phase: Int, name: String, operations: JSON, undo: JSON = [], carry: JSON, factsDigest: String?,
    findings: JSON = [], tasks: JSON, relations: JSON = []
  ) -> SQL {
    """
    SELECT * FROM caisson.put_program(\(holding.run), \(holding.step), \(holding.fence), \(phase), \
    \(holding.direction.rawValue), \(name), \(operations), \(undo), \(carry), \(optional: factsDigest.map(bytes)),
      \(findings), \
    \(tasks), \(holding.runner), \(relations))
    """
  }

  /// Further tasks of a program: slices found while it runs. Row: `first_task`, `tasks_added`.
  package static func insertTasks(_ holding: Holding, phase: Int, program: Int, tasks: JSON) -> SQL {
    """
    SELECT * FROM caisson.add_tasks(\(holding.run), \(holding.step), \(holding.fence), \(phase), \(program), \
    \(holding.direction.rawValue), \(tasks))
    """
  }

  /// What a phase has not finished is not wanted any more. A row per voided task.
  package static func voidPhase(_ holding: Holding, phase: Int) -> SQL {
    """
    UPDATE caisson.task SET state = 'skipped', changed_at = clock_timestamp()
    WHERE run_id = \(holding.run) AND step = \(holding.step) AND phase = \(phase) AND fence = \(holding.fence)
      AND direction = \(holding.direction.rawValue) AND state IN ('pending','running') RETURNING task
    """
  }

  /// All tasks of the phase are done and the next is due later: the step counts as done. Row: `wanted_by`.
  package static func putOff(_ holding: Holding, to phase: Int, by delay: Duration) -> SQL {
    """
    SELECT * FROM caisson.put_off(\(holding.run), \(holding.step), \(holding.fence), \(phase), \(interval(delay)), \
    \(holding.runner))
    """
  }

  /// All tasks of a phase are done. Row: `step`. No row: replaced, or a task is unfinished.
  package static func nextPhase(_ holding: Holding, to phase: Int) -> SQL {
    """
    WITH s AS (
      UPDATE caisson.step s SET phase = \(phase), changed_at = clock_timestamp()
      WHERE run_id = \(holding.run) AND step = \(holding.step) AND fence = \(holding.fence) AND state = 'running'
        AND NOT EXISTS (SELECT FROM caisson.task t WHERE t.run_id = s.run_id AND t.step = s.step
          AND (t.state = 'blocked' OR caisson.unfinished(t.state))) RETURNING run_id, step, fence, phase),
    e AS (
      INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
      SELECT s.run_id, s.step, s.fence, 'phase.begun', \(holding.runner), jsonb_build_object('phase', s.phase) FROM s)
    SELECT step FROM s
    """
  }
}
