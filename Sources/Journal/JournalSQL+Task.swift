package import JSONText
import RunModel
package import SQLText

extension JournalSQL {
  /// First statement of every work transaction. Row: `cursor, chunks, bounds, done_rows`. No row: replaced; roll back,
  /// stop.
  package static func prologue(_ holding: Holding, task: Int) -> SQL {
    """
    UPDATE caisson.task SET state = 'running', changed_at = clock_timestamp(), lsn = pg_current_wal_insert_lsn()
    WHERE \(sql: mine(holding, task)) AND state IN ('pending','running') RETURNING cursor, chunks, bounds, done_rows
    """
  }

  /// Last statement of a chunk's transaction. Row: `chunks, xid`: they settle a COMMIT whose answer was lost.
  package static func chunkDone(
    _ holding: Holding, task: Int, cursor: JSON?, rows: Int, more: Bool, result: JSON? = nil,
    spent: Double? = nil
  ) -> SQL {
    """
    WITH t AS (
      UPDATE caisson.task SET cursor = \(optional: cursor), chunks = chunks + 1, done_rows = done_rows + \(rows),
        xid = pg_current_xact_id(), state = CASE WHEN \(more) THEN 'running' ELSE 'done' END,
        result = coalesce(\(optional: result), result), changed_at = clock_timestamp(),
        \(sql: measured(spent))
      WHERE \(sql: mine(holding, task)) AND state = 'running'
      RETURNING run_id, step, task, fence, operation, state, chunks, done_rows, xid),
    e AS (
      INSERT INTO caisson.event (run_id, step, task, fence, kind, actor, data)
      SELECT t.run_id, t.step, t.task, t.fence, 'task.done', \(holding.runner),
        jsonb_build_object('operation', t.operation, 'rows', t.done_rows, 'chunks', t.chunks)
      FROM t WHERE t.state = 'done')
    SELECT chunks, xid FROM t
    """
  }

  /// Last statement of a work transaction, or the record of work that has none. Row: `task`.
  package static func taskDone(
    _ holding: Holding, task: Int, result: JSON? = nil, rows: Int? = nil, undoState: JSON? = nil,
    spent: Double? = nil, stall: Double? = nil
  ) -> SQL {
    """
    WITH t AS (
      UPDATE caisson.task SET state = 'done', xid = pg_current_xact_id(), result = \(optional: result),
        done_rows = coalesce(\(optional: rows), done_rows), undo_state = coalesce(\(optional: undoState), undo_state),
        changed_at = clock_timestamp(), \(sql: measured(spent, stall: stall))
      WHERE \(sql: mine(holding, task)) AND state IN ('pending','running')
      RETURNING run_id, step, task, fence, operation),
    \(sql: ended(.taskDone, holding))
    """
  }

  /// What the work took: seconds of the engine's clock, or since BEGIN; and, with `stall`, for how long others may have
  /// waited in the longest of its tries, in milliseconds.
  private static func measured(_ spent: Double?, stall: Double? = nil) -> SQL {
    let since: SQL = "extract(epoch FROM clock_timestamp() - now())"
    let held: SQL = stall.map { ", stall = greatest(stall, \($0)::double precision, \(sql: since) * 1000)" } ?? ""
    return """
      spent = spent + \(sql: spent.map { "\($0)::double precision" } ?? since),
        wal = coalesce(wal, 0) + coalesce(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), lsn), 0)\(sql: held)
      """
  }

  /// `unless` said that it is not necessary. Row: `task`.
  package static func taskSkipped(_ holding: Holding, task: Int, reason: String) -> SQL {
    """
    WITH t AS (
      UPDATE caisson.task SET state = 'skipped', result = jsonb_build_object('skipped', \(reason)::text),
        changed_at = clock_timestamp()
      WHERE \(sql: mine(holding, task)) AND state IN ('pending','running')
      RETURNING run_id, step, task, fence, operation),
    \(sql: ended(.taskSkipped, holding))
    """
  }

  /// How far a task is, where no work transaction says so. Row: `task`.
  package static func taskProgress(_ holding: Holding, task: Int, done: Int64?, total: Int64?) -> SQL {
    """
    UPDATE caisson.task SET done_rows = coalesce(\(optional: done), done_rows),
      total_rows = coalesce(\(optional: total), total_rows)
    WHERE \(sql: mine(holding, task)) AND state IN ('pending','intent','running') RETURNING task
    """
  }

  /// The first undo task of a kind without `undoState` of its own reads that of the task it takes back. Rows of
  /// `task, undo_state, result`.
  package static func undoStates(_ holding: Holding) -> SQL {
    """
    SELECT task, undo_state, result FROM caisson.task
    WHERE run_id = \(holding.run) AND step = \(holding.step) AND direction = 'forward' ORDER BY task
    """
  }

  /// What every write to a task shows: whose it is.
  static func mine(_ holding: Holding, _ task: Int) -> SQL {
    "run_id = \(holding.run) AND step = \(holding.step) AND task = \(task) AND fence = \(holding.fence)"
  }

  /// The event that goes with the end of task `t`, and the row that says it took place.
  static func ended(_ kind: EventKind, _ holding: Holding, detail: JSON = [:]) -> SQL {
    """
    e AS (
      INSERT INTO caisson.event (run_id, step, task, fence, kind, actor, data)
      SELECT t.run_id, t.step, t.task, t.fence, \(kind.rawValue), \(holding.runner),
        \(detail)::jsonb || jsonb_build_object('operation', t.operation) FROM t)
    SELECT task FROM t
    """
  }
}
