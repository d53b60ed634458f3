package import JSONText
package import SQLText

/// What a probe found after a statement whose answer never came.
package enum ProbeVerdict: String, Sendable, Hashable, CaseIterable {
  case complete, absent, running, conflict
}

extension JournalSQL {
  /// Committed alone, on the connection that will run the statement, before it runs. Row: `backend_pid, backend_start`.
  package static func intent(_ holding: Holding, task: Int, _ intent: JSON) -> SQL {
    """
    WITH b AS (SELECT pid, backend_start FROM pg_stat_get_activity(pg_backend_pid())),
    t AS (
      UPDATE caisson.task SET state = 'intent', changed_at = clock_timestamp(), began_at = clock_timestamp(),
        lsn = pg_current_wal_insert_lsn(),
        intent = \(intent)::jsonb || jsonb_build_object('pid', b.pid, 'backend_start', b.backend_start)
      FROM b WHERE \(sql: mine(holding, task)) AND state = 'pending'
      RETURNING run_id, step, task, fence, operation),
    a AS (
      UPDATE caisson.attempt a SET backend_pid = b.pid, backend_start = b.backend_start
      FROM b, t WHERE a.run_id = t.run_id AND a.step = t.step AND a.fence = t.fence AND a.outcome IS NULL),
    e AS (
      INSERT INTO caisson.event (run_id, step, task, fence, kind, actor, data)
      SELECT t.run_id, t.step, t.task, t.fence, 'task.intent', \(holding.runner),
        jsonb_build_object('operation', t.operation, 'pid', b.pid) FROM t, b)
    SELECT b.pid AS backend_pid, b.backend_start FROM t, b
    """
  }

  /// The statement's answer came and was good. Row: `task`.
  package static func intentDone(_ holding: Holding, task: Int, result: JSON? = nil) -> SQL {
    """
    WITH t AS (
      UPDATE caisson.task SET state = 'done', result = \(optional: result), changed_at = clock_timestamp(),
        spent = spent + extract(epoch FROM clock_timestamp() - began_at),
        wal = coalesce(wal, 0) + coalesce(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), lsn), 0)
      WHERE \(sql: mine(holding, task)) AND state = 'intent' RETURNING run_id, step, task, fence, operation),
    \(sql: ended(.taskDone, holding))
    """
  }

  /// The statement's answer is an error, or did not come: the probe decides. Row: `task`.
  package static func intentInDoubt(_ holding: Holding, task: Int) -> SQL {
    """
    WITH t AS (
      UPDATE caisson.task SET state = 'in_doubt', changed_at = clock_timestamp()
      WHERE \(sql: mine(holding, task)) AND state = 'intent' RETURNING run_id, step, task, fence, operation),
    \(sql: ended(.taskInDoubt, holding))
    """
  }

  /// By the probe alone: complete is done, absent is pending again (a partial one after its debris is gone), running
  /// stays in doubt, conflict needs a person. Row: `task`.
  package static func inDoubtDecided(
    _ holding: Holding, task: Int, _ verdict: ProbeVerdict, detail: String? = nil
  ) -> SQL {
    """
    WITH t AS (
      UPDATE caisson.task SET changed_at = clock_timestamp(), spent = CASE \(verdict.rawValue) WHEN 'complete' THEN NULL
          ELSE spent END, state = CASE \(verdict.rawValue)
        WHEN 'complete' THEN 'done' WHEN 'absent' THEN 'pending' WHEN 'conflict' THEN 'blocked' ELSE 'in_doubt' END
      WHERE \(sql: mine(holding, task)) AND state = 'in_doubt' RETURNING run_id, step, task, fence, operation),
    \(sql: ended(.taskProbed, holding, detail: probe(verdict, detail)))
    """
  }

  private static func probe(_ verdict: ProbeVerdict, _ detail: String?) -> JSON {
    ["verdict": .string(verdict.rawValue), "detail": detail.map { .string($0) } ?? .null]
  }
}
