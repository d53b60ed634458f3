package import SQLText

extension JournalSQL {
  /// Signals one transaction's backend and records it, in one statement: the event without the signal, or the signal
  /// without the event, is not to be had. No row: it is gone, or does something else by now.
  ///
  /// - `began`: when its transaction did, as the server printed it on this connection; a pid alone may be another's by now.
  /// - `seconds`: how long it was in the way.
  package static func signalBlocker(
    pid: Int, began: String, terminating: Bool, seconds: Int, run: String, step: String, actor: String
  ) -> SQL {
    let kind = terminating ? EventKind.blockerTerminated : .blockerCanceled
    let signal: SQL = terminating ? "pg_terminate_backend" : "pg_cancel_backend"
    // A session is ended only where a canceled statement cannot end its transaction.
    let state: SQL = terminating ? "AND a.state LIKE 'idle in transaction%'" : ""
    return """
      WITH sent AS MATERIALIZED (
        SELECT a.pid, r.rolname, a.query_id,
          \(sql: signal)(a.pid) AS ok
        FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
        WHERE a.pid = \(pid) AND a.xact_start::text = \(began) AND NOT r.rolsuper AND NOT r.rolreplication
          \(sql: state)
      )
      INSERT INTO caisson.event (run_id, step, kind, actor, data)
      SELECT \(run), \(step), \(kind.rawValue), \(actor), jsonb_strip_nulls(jsonb_build_object(
        'pid', pid, 'role', rolname, 'query_id', query_id::text, 'seconds', \(seconds)::int))
      FROM sent WHERE ok RETURNING id
      """
  }
}
