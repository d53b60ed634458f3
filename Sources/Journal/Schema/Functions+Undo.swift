extension JournalSchema {
  /// Rollback: steps in reverse order, each undo journalled like forward work.
  static let undoFunctions = #"""
    -- What was never held has nothing to take back, carried over and marked steps included.
    CREATE FUNCTION caisson.needs_undo(state text, attempt integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS
      $$ SELECT attempt > 0 AND state <> 'undone' $$;

    -- Commit this alone, then poll undo_ready.
    CREATE FUNCTION caisson.begin_undo(run uuid, from_states text[], actor text, why text) RETURNS TABLE (was text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    DECLARE r caisson.run;
    BEGIN
      SELECT * INTO r FROM caisson.run x WHERE x.run_id = run AND x.state = ANY (from_states) FOR NO KEY UPDATE;
      IF NOT FOUND THEN RETURN; END IF;
      UPDATE caisson.run x SET state = 'undoing', desired = 'rollback', desired_by = actor, desired_reason = why,
        finished_at = NULL WHERE x.run_id = run;
      INSERT INTO caisson.event (run_id, kind, actor, data) VALUES (run, 'run.undoing', actor,
        jsonb_strip_nulls(jsonb_build_object('was', r.state, 'reason', why)));
      RETURN QUERY SELECT r.state;
    END $$;

    -- Every step at once: whoever claimed before the run turned has committed by then, and shows as held.
    CREATE FUNCTION caisson.undo_ready(run uuid) RETURNS TABLE (locked bigint, steps bigint, held bigint)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    DECLARE n bigint;
    BEGIN
      SELECT count(*) INTO n FROM (SELECT 1 FROM caisson.step s WHERE s.run_id = run FOR NO KEY UPDATE SKIP LOCKED) q;
      RETURN QUERY SELECT n, count(*), count(*) FILTER (WHERE s.state = 'running') FROM caisson.step s WHERE s.run_id =
        run;
    END $$;

    -- Dependents that still have something to take back; followed through those that never ran.
    CREATE FUNCTION caisson.undo_waits_for(run uuid, step_name text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
      WITH RECURSIVE later(step, state, attempt, wanted_by) AS (
        SELECT d.step, d.state, d.attempt, d.wanted_by FROM caisson.step s
          JOIN caisson.step d ON d.run_id = run AND d.step = ANY (s.wanted_by)
         WHERE s.run_id = run AND s.step = step_name COLLATE "C"
        UNION
        SELECT d.step, d.state, d.attempt, d.wanted_by FROM later l
          JOIN caisson.step d ON d.run_id = run AND d.step = ANY (l.wanted_by)
         WHERE l.attempt = 0)
      SELECT l.step FROM later l WHERE caisson.needs_undo(l.state, l.attempt) $$;

    -- A named step, or the last one that can be taken back now (step_name NULL). No row: none just now.
    CREATE FUNCTION caisson.claim_undo(run uuid, step_name text, holder uuid, ttl interval,
      OUT step text, OUT fence bigint, OUT attempt integer, OUT phase integer, OUT was text)
    RETURNS SETOF record LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE k text; f bigint; a integer; p integer; w text;
    BEGIN
      FOR k IN SELECT s.step FROM caisson.step s WHERE s.run_id = run AND (step_name IS NULL OR s.step = step_name COLLATE "C")
          AND caisson.needs_undo(s.state, s.attempt) AND s.state NOT IN ('running','undoing')
          AND s.not_before <= clock_timestamp() ORDER BY s.ord DESC
      LOOP
        SELECT s.phase, s.state INTO p, w FROM caisson.step s WHERE s.run_id = run AND s.step = k COLLATE "C"
          AND caisson.needs_undo(s.state, s.attempt) AND s.state NOT IN ('running','undoing')
          AND s.not_before <= clock_timestamp() AND caisson.may_run_here(s, holder) FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        IF NOT EXISTS (SELECT FROM caisson.run r WHERE r.run_id = run AND r.state = 'undoing' AND r.desired =
          'rollback') OR NOT caisson.knows_plan(run, holder)
          THEN RETURN; END IF;
        CONTINUE WHEN EXISTS (SELECT FROM caisson.undo_waits_for(run, k));
        SELECT h.fence, h.attempt INTO f, a FROM caisson.begin_holding(run, k, holder, ttl, 'undo') h;
        RETURN QUERY SELECT k, f, a, p, w;
        RETURN;
      END LOOP;
    END $$;

    -- Undo tasks under the step's lock; what they take back turns 'undoing', what never began is voided, what needs
    -- nothing is undone at once. No row: replaced.
    CREATE FUNCTION caisson.add_undo_tasks(run uuid, step_name text, my_fence bigint, phase_no integer, program integer,
      tasks jsonb, nothing integer[]) RETURNS TABLE (first_task integer, tasks_added integer)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    BEGIN
      PERFORM 1 FROM caisson.step s WHERE s.run_id = run AND s.step = step_name COLLATE "C" AND s.fence = my_fence
        AND s.state = 'undoing' FOR NO KEY UPDATE;
      IF NOT FOUND THEN RETURN; END IF;
      UPDATE caisson.task t SET fence = my_fence, changed_at = clock_timestamp(), state = CASE
          WHEN t.state = 'pending' THEN 'skipped' WHEN t.task = ANY (nothing) THEN 'undone' ELSE 'undoing' END
       WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND t.direction = 'forward' AND (t.state = 'pending'
         OR ((t.state IN ('running','done') OR (t.state = 'skipped' AND t.chunks > 0)) AND (t.task = ANY (nothing)
             OR t.task IN (SELECT (x ->> 'undoes')::integer FROM jsonb_array_elements(tasks) x))));
      RETURN QUERY SELECT caisson.append_tasks(run, step_name, my_fence, phase_no, program, 'undo', tasks),
        jsonb_array_length(tasks);
    END $$;

    -- No row: replaced.
    CREATE FUNCTION caisson.finish_undo(run uuid, step_name text, my_fence bigint, actor text, details jsonb)
    RETURNS TABLE (step text) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    BEGIN
      UPDATE caisson.step s SET state = 'undone', reason = NULL, changed_at = clock_timestamp()
       WHERE s.run_id = run AND s.step = step_name COLLATE "C" AND s.fence = my_fence AND s.state = 'undoing';
      IF NOT FOUND THEN RETURN; END IF;
      IF EXISTS (SELECT FROM caisson.task t WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND (t.state = 'in_doubt'
           OR t.state = 'intent' OR (t.direction = 'undo' AND t.state IN ('pending','running','blocked')))) THEN
        RAISE EXCEPTION 'caisson: step % has unfinished tasks', step_name USING ERRCODE = 'CA003'; END IF;
      UPDATE caisson.task t SET state = CASE t.state WHEN 'undoing' THEN 'undone' ELSE 'skipped' END,
        changed_at = clock_timestamp()
       WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND t.direction = 'forward'
         AND (caisson.unfinished(t.state) OR t.state = 'blocked');
      PERFORM caisson.end_holding(run, step_name, my_fence, 'ok', NULL, NULL);
      PERFORM caisson.end_measure(run, step_name, 'undo');
      INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
      VALUES (run, step_name, my_fence, 'step.undone', actor, details);
      RETURN QUERY SELECT step_name;
    END $$;
    """#
}
