package import JSONText
package import RunModel
package import SQLText

extension JournalSQL {
  /// Committed alone; then poll `undoReady` until `locked = steps` and `held = 0`. Row: `was`.
  package static func beginUndo(_ run: String, from: [RunState], actor: String, reason: String? = nil) -> SQL {
    "SELECT * FROM caisson.begin_undo(\(run), \(from.map(\.rawValue)), \(actor), \(optional: reason))"
  }

  /// Locks every step it can get, until the transaction ends. Row: `locked, steps, held`.
  package static func undoReady(_ run: String) -> SQL { "SELECT * FROM caisson.undo_ready(\(run))" }

  /// A named step, or the last that can be taken back now. Row as of `claim`. No row: none just now, or nothing to
  /// undo.
  package static func claimUndo(run: String, step: String? = nil, runner: String, ttl: Duration) -> SQL {
    "SELECT * FROM caisson.claim_undo(\(run), \(optional: step), \(runner), \(interval(ttl)))"
  }

  /// Undo tasks in the order they run, each naming in `undoes` the forward task it takes back; forward tasks in
  /// `nothing` changed nothing that outlives them. Row: `first_task`, `tasks_added`.
  package static func insertUndoTasks(
    _ holding: Holding, phase: Int, program: Int, tasks: JSON, nothing: [Int] = []
  ) -> SQL {
    """
    SELECT * FROM caisson.add_undo_tasks(\(holding.run), \(holding.step), \(holding.fence), \(phase), \(program), \
    \(tasks), \(nothing))
    """
  }

  /// What takes a forward task back is compiled anew: its tasks that have not ended are not wanted. A row for each.
  package static func leaveUndo(_ holding: Holding, of forward: Int) -> SQL {
    """
    UPDATE caisson.task SET state = 'skipped', changed_at = clock_timestamp()
    WHERE run_id = \(holding.run) AND step = \(holding.step) AND fence = \(holding.fence) AND undoes = \(forward)
      AND direction = 'undo' AND state IN ('pending','running') RETURNING task
    """
  }

  /// An undo task is done, in its work transaction; `finishUndo` turns the forward tasks. Row: `task`.
  package static func taskUndone(_ holding: Holding, task: Int, result: JSON? = nil) -> SQL {
    taskDone(holding, task: task, result: result)
  }

  /// Row: `step`. No row: replaced.
  package static func finishUndo(_ holding: Holding, details: JSON = [:]) -> SQL {
    """
    SELECT * FROM caisson.finish_undo(\(holding.run), \(holding.step), \(holding.fence), \(holding.runner), \(details))
    """
  }

  /// The undo of a step failed for good: a person decides.
  package static func undoFailed(_ holding: Holding, reason: String, error: ErrorRecord?) -> SQL {
    stepFailed(holding, reason: reason, error: error)
  }
}
