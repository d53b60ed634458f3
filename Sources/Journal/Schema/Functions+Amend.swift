extension JournalSchema {
  /// The steps of a run: written with it, and again when the plan is amended.
  static let amendFunctions = #"""
    -- Steps that are not there yet, with the programs and tasks of those that nobody has tried before.
    CREATE FUNCTION caisson.put_steps(id uuid, steps jsonb, programs jsonb, tasks jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      WITH x AS MATERIALIZED (
        SELECT x.*, coalesce((SELECT max(a.attempt) FROM caisson.attempt a WHERE a.run_id = id
          AND a.step = x.step COLLATE "C"), 0) AS tried
        FROM jsonb_to_recordset(steps) AS x(step text, ord integer, kind text, spec_hash bytea, needs text[],
          irreversible boolean, single_tx boolean, host text, local boolean, state text, done_by text, reason text)),
      edge AS (SELECT n AS need, array_agg(x.step ORDER BY x.ord) AS wanted_by FROM x, unnest(x.needs) n GROUP BY n)
      INSERT INTO caisson.step (run_id, step, ord, kind, spec_hash, needs, wanted_by, irreversible, single_tx, host,
        local, state, done_by, reason, ready, attempt, retry_from)
      SELECT id, x.step, x.ord, x.kind, x.spec_hash, coalesce(x.needs, '{}'), coalesce(e.wanted_by, '{}'),
        coalesce(x.irreversible, false), coalesce(x.single_tx, false) AND x.tried = 0, x.host, coalesce(x.local, false),
        coalesce(x.state, 'pending'), x.done_by,
        x.reason, coalesce(x.state, 'pending') = 'pending' AND NOT EXISTS (SELECT FROM unnest(x.needs) n
          WHERE n NOT IN (SELECT y.step FROM x y WHERE y.state IN ('done','skipped'))), x.tried, x.tried
      FROM x LEFT JOIN edge e ON e.need = x.step ON CONFLICT DO NOTHING;
      INSERT INTO caisson.program (run_id, step, phase, attempt, fence, name, operations, undo, carry, facts_digest,
        findings)
      SELECT id, x.step, x.phase, 1, 0, x.name, x.operations, coalesce(x.undo, '[]'), coalesce(x.carry, 'null'),
        x.facts_digest, coalesce(x.findings, '[]')
      FROM jsonb_to_recordset(programs) AS x(step text, phase integer, name text, operations jsonb, undo jsonb,
        carry jsonb, facts_digest bytea, findings jsonb)
        JOIN caisson.step s ON s.run_id = id AND s.step = x.step COLLATE "C" AND s.attempt = 0
      ON CONFLICT DO NOTHING;
      INSERT INTO caisson.task (run_id, step, task, phase, attempt, operation, slice, kind, title, total_rows, pace)
      SELECT id, x.step, row_number() OVER (PARTITION BY x.step ORDER BY x.place), coalesce(x.phase, 1), 1, x.operation,
        coalesce(x.slice, 0), x.kind, x.title, x.total, x.pace
      FROM ROWS FROM (jsonb_to_recordset(tasks) AS (step text, phase integer, operation text, slice integer, kind text,
        title text, total numeric, pace text)) WITH ORDINALITY AS x(step, phase, operation, slice, kind, title, total, pace, place)
        JOIN caisson.step s ON s.run_id = id AND s.step = x.step COLLATE "C" AND s.attempt = 0
      ON CONFLICT DO NOTHING;
      INSERT INTO caisson.shown (run_id, step, operations)
      SELECT id, x.step, x.shown FROM jsonb_to_recordset(steps) AS x(step text, shown jsonb)
        JOIN caisson.step s ON s.run_id = id AND s.step = x.step COLLATE "C" AND s.state NOT IN ('done','skipped')
       WHERE jsonb_typeof(x.shown) = 'array'
      ON CONFLICT DO NOTHING;
    END $$;

    -- Something of it is, or may be, in the database: it cannot become another step.
    CREATE FUNCTION caisson.is_solid(s caisson.step) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT s.state IN ('running','undoing') OR s.state = 'done' AND s.done_by <> 'carried' OR EXISTS (
        SELECT FROM caisson.task t WHERE t.run_id = s.run_id AND t.step = s.step
          AND (t.state NOT IN ('pending','skipped','undone') OR t.chunks > 0 AND t.state <> 'undone')) $$;

    -- What forbids an amendment: 'removed', 'skipped', 'changed'. Of a step that somebody holds nothing is known yet.
    CREATE FUNCTION caisson.amend_problems(run uuid, wanted jsonb) RETURNS TABLE (step text, problem text)
    LANGUAGE sql STABLE AS $$
      SELECT s.step, CASE WHEN x.step IS NULL THEN 'removed'
        WHEN x.kind <> s.kind OR x.spec_hash <> s.spec_hash THEN 'changed' ELSE 'skipped' END
      FROM caisson.step s LEFT JOIN jsonb_to_recordset(wanted) AS x(step text, kind text, spec_hash bytea, state text)
        ON x.step = s.step COLLATE "C"
      WHERE s.run_id = run AND s.state NOT IN ('running','undoing') AND caisson.is_solid(s)
        AND (x.step IS NULL OR x.kind <> s.kind OR x.spec_hash <> s.spec_hash
          OR x.state = 'skipped' AND s.state <> 'skipped')
      ORDER BY s.ord $$;

    -- The run goes on with another version of its plan: what has not run comes anew, what has stays as it is, votes are
    -- void. Rows say what forbids it: then nothing was changed. Nobody may hold a step, nor be about to: whoever claims
    -- locks the step first, and looks at the run after.
    CREATE FUNCTION caisson.amend_run(run uuid, old_plan bytea, plan bytea, actor text, wanted jsonb, programs jsonb,
      tasks jsonb, difference jsonb) RETURNS TABLE (problem text, step text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    #variable_conflict use_column
    DECLARE r caisson.run; kept text[]; void bigint;
    BEGIN
      SELECT * INTO r FROM caisson.run x WHERE x.run_id = run AND x.variant = '' AND x.state IN
        ('queued','running','waiting','paused','failed') FOR NO KEY UPDATE;
      IF NOT FOUND OR r.plan_hash <> old_plan THEN RETURN QUERY SELECT 'moved'::text, NULL::text; RETURN; END IF;
      IF (SELECT count(*) FROM (SELECT 1 FROM caisson.step s WHERE s.run_id = run FOR UPDATE SKIP LOCKED) q)
         <> (SELECT count(*) FROM caisson.step s WHERE s.run_id = run)
         OR EXISTS (SELECT FROM caisson.step s WHERE s.run_id = run AND s.state IN ('running','undoing')) THEN
        RETURN QUERY SELECT 'held'::text, s.step::text FROM caisson.step s
          WHERE s.run_id = run ORDER BY s.state IN ('running','undoing') DESC, s.ord LIMIT 1;
        RETURN;
      END IF;
      RETURN QUERY SELECT p.problem, p.step FROM caisson.amend_problems(run, wanted) p;
      IF FOUND THEN RETURN; END IF;
      SELECT coalesce(array_agg(s.step), '{}') INTO kept FROM caisson.step s
        JOIN jsonb_to_recordset(wanted) AS x(step text, kind text, spec_hash bytea, state text)
          ON x.step = s.step COLLATE "C"
       WHERE s.run_id = run AND (caisson.is_solid(s) OR x.kind = s.kind AND x.spec_hash = s.spec_hash
         AND CASE WHEN s.state = 'skipped' THEN EXISTS (SELECT FROM caisson.event e
               WHERE e.run_id = run AND e.step = s.step AND e.kind = 'step.skipped')
             ELSE s.attempt > 0 AND x.state IS DISTINCT FROM 'skipped' END);
      DELETE FROM caisson.shown h WHERE h.run_id = run;
      DELETE FROM caisson.step s WHERE s.run_id = run AND s.step <> ALL (kept);
      UPDATE caisson.step s SET ord = x.ord, host = CASE WHEN s.state = 'done' THEN s.host ELSE x.host END,
        needs = CASE WHEN s.state = 'done' THEN s.needs ELSE coalesce(x.needs, '{}') END
        FROM jsonb_to_recordset(wanted) AS x(step text, ord integer, needs text[], host text)
       WHERE s.run_id = run AND x.step = s.step COLLATE "C";
      PERFORM caisson.put_steps(run, wanted, programs, tasks);
      -- What a step needed when it was done is history; what of it is to be done anew comes after it.
      UPDATE caisson.step s SET needs = ARRAY(SELECT n FROM unnest(s.needs) n JOIN caisson.step d ON d.run_id = run
          AND d.step = n COLLATE "C" WHERE d.state IN ('done','skipped'))
       WHERE s.run_id = run AND s.state = 'done' AND s.step = ANY (kept);
      UPDATE caisson.step s SET ready = s.state IN ('pending','backoff','waiting','in_doubt')
          AND caisson.needs_met(run, s.needs),
        wanted_by = ARRAY(SELECT d.step FROM caisson.step d WHERE d.run_id = run AND s.step = ANY (d.needs)
          ORDER BY d.ord)
       WHERE s.run_id = run;
      UPDATE caisson.run x SET plan_hash = plan,
        amended_from = CASE WHEN plan = old_plan THEN x.amended_from ELSE coalesce(x.amended_from, old_plan) END,
        amended_by = CASE WHEN session_user = ANY (x.amended_by) THEN x.amended_by
          ELSE x.amended_by || session_user::text END
       WHERE x.run_id = run;
      IF plan <> old_plan THEN
        SELECT count(*) INTO void FROM caisson.approval a WHERE a.run_id = run;
        DELETE FROM caisson.gate g WHERE g.run_id = run;
        PERFORM caisson.require_approvals(plan, r.target, r.variant);
      END IF;
      INSERT INTO caisson.event (run_id, kind, actor, data) VALUES (run, 'run.amended', actor, jsonb_strip_nulls(
        jsonb_build_object('was', encode(old_plan, 'hex'), 'plan', encode(plan, 'hex'), 'difference', difference,
          'approvals_void', nullif(void, 0))));
    END $$;
    REVOKE ALL ON FUNCTION caisson.amend_run, caisson.put_steps FROM PUBLIC;
    """#
}
