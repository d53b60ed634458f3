extension JournalSchema {
  /// How a holding ends, and what persons may decide about a step nobody holds.
  static let finishFunctions = #"""
    -- Lease and resources go, the attempt gets its one outcome; the caller has locked the step under that fence.
    CREATE FUNCTION caisson.end_holding(run uuid, step_name text, my_fence bigint, result text, code text,
      problem jsonb)
    RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    BEGIN
      DELETE FROM caisson.lease WHERE run_id = run AND step = step_name COLLATE "C" AND fence = my_fence;
      DELETE FROM caisson.resource_hold WHERE run_id = run AND step = step_name COLLATE "C";
      UPDATE caisson.attempt SET outcome = result, ended_at = clock_timestamp(), sqlstate = code, error = problem
       WHERE run_id = run AND step = step_name COLLATE "C" AND fence = my_fence AND outcome IS NULL;
    END $$;

    -- No row: replaced. A task that is not finished is a mistake of the caller (CA003).
    CREATE FUNCTION caisson.finish_step(run uuid, step_name text, my_fence bigint, by text, actor text, details jsonb)
    RETURNS TABLE (wanted_by text[]) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE w text[];
    BEGIN
      UPDATE caisson.step s SET state = 'done', done_by = by, reason = NULL, changed_at = clock_timestamp()
       WHERE s.run_id = run AND s.step = step_name COLLATE "C" AND s.fence = my_fence AND s.state = 'running'
      RETURNING s.wanted_by INTO w;
      IF NOT FOUND THEN RETURN; END IF;
      IF EXISTS (SELECT FROM caisson.task t WHERE t.run_id = run AND t.step = step_name COLLATE "C"
                 AND (t.state = 'blocked' OR caisson.unfinished(t.state))) THEN
        RAISE EXCEPTION 'caisson: step % has unfinished tasks', step_name USING ERRCODE = 'CA003'; END IF;
      PERFORM caisson.end_holding(run, step_name, my_fence, 'ok', NULL, NULL);
      PERFORM caisson.end_measure(run, step_name, 'forward');
      INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
      VALUES (run, step_name, my_fence, 'step.done', actor, details);
      RETURN QUERY SELECT w;
    END $$;

    -- The step is done as far as others see; its next phase is due later, and `begin_finalize` takes it up again.
    CREATE FUNCTION caisson.put_off(run uuid, step_name text, my_fence bigint, next_phase integer, delay interval,
      actor text)
    RETURNS TABLE (wanted_by text[]) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE w text[];
    BEGIN
      SELECT f.wanted_by INTO w FROM caisson.finish_step(run, step_name, my_fence, 'engine', actor,
        jsonb_build_object('next_phase', next_phase, 'due_in', delay::text)) f;
      IF NOT FOUND THEN RETURN; END IF;
      UPDATE caisson.step s SET phase = next_phase, due_at = clock_timestamp() + delay
       WHERE s.run_id = run AND s.step = step_name COLLATE "C";
      RETURN QUERY SELECT w;
    END $$;

    -- Failed, interrupted, waiting, in doubt: the holding ends, the step does not. No row: replaced.
    -- An intent without an answer becomes in_doubt: only its probe may decide it.
    CREATE FUNCTION caisson.leave_step(run uuid, step_name text, my_fence bigint, from_state text, to_state text,
      result text, why text, code text, problem jsonb, delay interval, actor text, details jsonb)
    RETURNS TABLE (attempt integer, retry_from integer, not_before timestamptz)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    BEGIN
      UPDATE caisson.step s SET state = to_state, ready = to_state IN ('pending','backoff','waiting','in_doubt'),
        not_before = CASE WHEN delay IS NULL THEN '-infinity' ELSE clock_timestamp() + delay END,
        reason = why, changed_at = clock_timestamp()
       WHERE s.run_id = run AND s.step = step_name COLLATE "C" AND s.fence = my_fence AND s.state = from_state;
      IF NOT FOUND THEN RETURN; END IF;
      UPDATE caisson.task t SET state = 'in_doubt', changed_at = clock_timestamp()
       WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND t.state = 'intent';
      IF to_state = 'undo_failed' THEN
        UPDATE caisson.task t SET state = 'undo_failed', changed_at = clock_timestamp()
         WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND t.task = (SELECT min(u.task) FROM caisson.task u
           WHERE u.run_id = run AND u.step = step_name COLLATE "C" AND u.direction = 'undo' AND u.state IN ('pending','running'));
      END IF;
      PERFORM caisson.end_holding(run, step_name, my_fence, result, code, problem);
      INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
      VALUES (run, step_name, my_fence,
        CASE WHEN result = 'canceled' AND to_state IN ('pending','backoff') THEN 'step.released'
             ELSE 'step.' || to_state END, actor,
        details || jsonb_strip_nulls(jsonb_build_object('reason', why, 'sqlstate', code)));
      RETURN QUERY SELECT s.attempt, s.retry_from, s.not_before FROM caisson.step s
        WHERE s.run_id = run AND s.step = step_name COLLATE "C";
    END $$;

    -- A person's retry: the attempts of the policy count anew; blocked work is probed again, never assumed.
    CREATE FUNCTION caisson.retry_step(run uuid, step_name text, actor text, why text) RETURNS TABLE (was text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    DECLARE s caisson.step;
    BEGIN
      SELECT * INTO s FROM caisson.step x WHERE x.run_id = run AND x.step = step_name COLLATE "C" AND x.state IN
        ('pending','failed','blocked','backoff','waiting','in_doubt','undone','undo_failed')
        FOR NO KEY UPDATE SKIP LOCKED;
      IF NOT FOUND OR NOT EXISTS (SELECT FROM caisson.run r WHERE r.run_id = run AND r.finished_at IS NULL) THEN
        RETURN; END IF;
      UPDATE caisson.task t SET state = 'in_doubt', changed_at = clock_timestamp()
       WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND t.state = 'blocked';
      UPDATE caisson.step x SET state = CASE WHEN s.state IN ('undo_failed','in_doubt') THEN s.state ELSE 'pending' END,
        phase = CASE s.state WHEN 'undone' THEN 1 ELSE s.phase END, ready = caisson.needs_met(run, s.needs),
        retry_from = s.attempt, not_before = '-infinity', reason = why, changed_at = clock_timestamp()
       WHERE x.run_id = run AND x.step = step_name COLLATE "C";
      INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
      VALUES (run, step_name, s.fence, 'step.retried', actor,
        jsonb_strip_nulls(jsonb_build_object('was', s.state, 'reason', why)));
      RETURN QUERY SELECT s.state;
    END $$;

    -- A person's word that a step nobody holds is not wanted ('skipped') or was done elsewhere ('done'). In a rollback
    -- both say that nothing of it is to be taken back any more.
    CREATE FUNCTION caisson.settle_step(run uuid, step_name text, to_state text, actor text, why text)
    RETURNS TABLE (was text, wanted_by text[], state text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE s caisson.step; r caisson.run;
    BEGIN
      SELECT * INTO s FROM caisson.step x WHERE x.run_id = run AND x.step = step_name COLLATE "C" AND x.state IN
        ('pending','failed','blocked','backoff','waiting','in_doubt','undo_failed') FOR NO KEY UPDATE SKIP LOCKED;
      IF NOT FOUND THEN RETURN; END IF;
      SELECT * INTO r FROM caisson.run x WHERE x.run_id = run;
      IF r.state IN ('undoing','rollback_failed') AND caisson.needs_undo(s.state, s.attempt) THEN
        UPDATE caisson.task t SET changed_at = clock_timestamp(),
          state = CASE WHEN t.direction = 'undo' OR t.state = 'pending' AND t.chunks = 0 THEN 'skipped' ELSE 'undone' END
         WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND t.state NOT IN ('skipped','undone')
           AND (t.direction = 'forward' OR t.state <> 'done');
        UPDATE caisson.step x SET state = 'undone', reason = why, changed_at = clock_timestamp()
         WHERE x.run_id = run AND x.step = step_name COLLATE "C";
        INSERT INTO caisson.event (run_id, step, fence, kind, actor, data) VALUES (run, step_name, s.fence,
          'step.undone', actor, jsonb_strip_nulls(jsonb_build_object('was', s.state, 'reason', why)));
        RETURN QUERY SELECT s.state, '{}'::text[], 'undone';
        RETURN;
      END IF;
      IF s.state = 'undo_failed' OR r.finished_at IS NOT NULL OR r.state IN ('undoing','rollback_failed') THEN
        RETURN; END IF;
      UPDATE caisson.task t SET state = 'skipped', changed_at = clock_timestamp() WHERE t.run_id = run
        AND t.step = step_name COLLATE "C" AND (t.state = 'blocked' OR caisson.unfinished(t.state));
      UPDATE caisson.step x SET state = to_state, done_by = CASE to_state WHEN 'done' THEN 'person' END,
        reason = why, changed_at = clock_timestamp() WHERE x.run_id = run AND x.step = step_name COLLATE "C";
      INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
      VALUES (run, step_name, s.fence, CASE to_state WHEN 'done' THEN 'step.marked_done' ELSE 'step.skipped' END, actor,
        jsonb_strip_nulls(jsonb_build_object('was', s.state, 'reason', why)));
      RETURN QUERY SELECT s.state, s.wanted_by, to_state;
    END $$;
    """#
}
