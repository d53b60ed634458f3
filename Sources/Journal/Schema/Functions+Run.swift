extension JournalSchema {
  /// Creating a run, turning it, settling it.
  static let runFunctions = #"""
    -- One call for a whole run: steps, programs and tasks come as arrays of records. A live run of the same plan,
    -- target and variant is returned instead (created = false). Runners may not write runs and gates themselves: who
    -- has started a run, and that it waits for others, is nothing they could say.
    CREATE FUNCTION caisson.create_run(plan bytea, target_name text, variant_name text, first_state text, at_host text,
      actor text, amended bytea, steps jsonb, programs jsonb, tasks jsonb)
    RETURNS TABLE (run_id uuid, created boolean, state text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    #variable_conflict use_column
    DECLARE id uuid;
    BEGIN
      INSERT INTO caisson.run (plan_hash, target, variant, state, host, amended_from)
      VALUES (plan, target_name, variant_name, first_state, at_host, amended)
      ON CONFLICT (plan_hash, target, variant) WHERE finished_at IS NULL DO NOTHING RETURNING run.run_id INTO id;
      IF id IS NULL THEN
        RETURN QUERY SELECT r.run_id, false, r.state FROM caisson.run r WHERE r.plan_hash = plan
          AND r.target = target_name AND r.variant = variant_name AND r.finished_at IS NULL;
        RETURN;
      END IF;
      PERFORM caisson.put_steps(id, steps, programs, tasks);
      INSERT INTO caisson.event (run_id, kind, actor, data) VALUES (id, 'run.created', actor,
        jsonb_build_object('plan', encode(plan, 'hex'), 'steps', jsonb_array_length(steps)));
      PERFORM caisson.require_approvals(plan, target_name, variant_name);
      RETURN QUERY SELECT id, true, first_state;
    END $$;
    REVOKE ALL ON FUNCTION caisson.create_run FROM PUBLIC;

    -- No row: the run is in none of these states.
    CREATE FUNCTION caisson.turn_run(run uuid, from_states text[], to_state text, actor text, why text)
    RETURNS TABLE (was text) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    DECLARE r caisson.run;
    BEGIN
      SELECT * INTO r FROM caisson.run x WHERE x.run_id = run AND x.state = ANY (from_states) FOR NO KEY UPDATE;
      IF NOT FOUND THEN RETURN; END IF;
      UPDATE caisson.run x SET state = to_state, finished_at = CASE WHEN to_state IN ('succeeded','canceled',
        'rolled_back','superseded') THEN clock_timestamp() END WHERE x.run_id = run;
      INSERT INTO caisson.event (run_id, kind, actor, data) VALUES (run, 'run.' || to_state, actor,
        jsonb_strip_nulls(jsonb_build_object('was', r.state, 'reason', why)));
      RETURN QUERY SELECT r.state;
    END $$;

    -- Turns a run into what its steps say, if they say anything final. No row: it goes on (or was settled before).
    -- Approvers, who may ask a run to pause, may call it too.
    CREATE FUNCTION caisson.settle_run(run uuid, actor text) RETURNS TABLE (state text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    #variable_conflict use_column
    DECLARE r caisson.run; n record; next text;
    BEGIN
      SELECT * INTO r FROM caisson.run x WHERE x.run_id = run AND x.finished_at IS NULL FOR NO KEY UPDATE;
      IF NOT FOUND THEN RETURN; END IF;
      -- A forward claim in flight shows only by its lock: a rollback is not over while there may be one.
      IF r.state IN ('undoing','rollback_failed') AND (SELECT count(*) FROM (SELECT 1 FROM caisson.step s
           WHERE s.run_id = run FOR NO KEY UPDATE SKIP LOCKED) q)
         <> (SELECT count(*) FROM caisson.step s WHERE s.run_id = run) THEN RETURN; END IF;
      SELECT count(*) FILTER (WHERE s.state NOT IN ('done','skipped')) AS open,
        count(*) FILTER (WHERE s.state IN ('running','undoing')) AS held,
        count(*) FILTER (WHERE s.state IN ('failed','blocked')) AS broken,
        count(*) FILTER (WHERE s.state IN ('undo_failed','blocked','in_doubt') AND s.attempt > 0) AS stuck,
        count(*) FILTER (WHERE caisson.needs_undo(s.state, s.attempt)) AS undoable,
        count(*) FILTER (WHERE s.state IN ('pending','backoff','waiting','in_doubt')
          AND caisson.needs_met(run, s.needs)) AS claimable
      INTO n FROM caisson.step s WHERE s.run_id = run;
      next := CASE
        WHEN n.held > 0 THEN NULL
        WHEN r.state IN ('undoing','rollback_failed') THEN
          CASE WHEN n.undoable = 0 THEN 'rolled_back' WHEN n.stuck > 0 THEN 'rollback_failed' END
        WHEN n.open = 0 THEN 'succeeded'
        WHEN r.desired = 'cancel' THEN 'canceled'
        WHEN r.desired = 'pause' THEN 'paused'
        WHEN n.claimable = 0 AND n.broken > 0 THEN 'failed' END;
      IF next IS NULL OR next = r.state THEN RETURN; END IF;
      UPDATE caisson.run x SET finalize_due = (SELECT min(s.due_at) FROM caisson.step s
         WHERE s.run_id = run AND s.state = 'done' AND next = 'succeeded') WHERE x.run_id = run;
      PERFORM caisson.turn_run(run, ARRAY[r.state], next, actor, NULL::text);
      RETURN QUERY SELECT next;
    END $$;
    REVOKE ALL ON FUNCTION caisson.settle_run FROM PUBLIC;

    -- Phases that were put off are taken up: those that are due, or all. 0: there are none. CA005: another run of the
    -- plan is under way.
    CREATE FUNCTION caisson.begin_finalize(run uuid, early boolean, actor text) RETURNS integer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    DECLARE n integer;
    BEGIN
      PERFORM FROM caisson.run x WHERE x.run_id = run AND x.state = 'succeeded' FOR NO KEY UPDATE;
      IF NOT FOUND THEN RETURN 0; END IF;
      UPDATE caisson.step s SET state = 'pending', done_by = NULL, ready = true, retry_from = s.attempt,
        not_before = '-infinity', changed_at = clock_timestamp()
       WHERE s.run_id = run AND s.state = 'done' AND (s.due_at <= clock_timestamp() OR early AND s.due_at IS NOT NULL);
      GET DIAGNOSTICS n = ROW_COUNT;
      IF n = 0 THEN RETURN 0; END IF;
      PERFORM caisson.turn_run(run, ARRAY['succeeded'], 'running', actor, 'phases that were put off');
      UPDATE caisson.run x SET desired = 'run', finalize_due = NULL WHERE x.run_id = run;
      RETURN n;
    EXCEPTION WHEN unique_violation THEN
      RAISE EXCEPTION 'caisson: another run of this plan is under way' USING ERRCODE = 'CA005';
    END $$;

    -- The user's `resume`: the run goes on, what failed is tried again. Blocked steps stay: they need a person's word.
    -- Files and programs move to the host where it was said.
    CREATE FUNCTION caisson.resume_run(run uuid, actor text, at_host text, why text) RETURNS TABLE (was text, retried integer)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    DECLARE r caisson.run; k text; n integer := 0;
    BEGIN
      SELECT * INTO r FROM caisson.run x WHERE x.run_id = run
        AND x.state IN ('queued','running','waiting','paused','failed') FOR NO KEY UPDATE;
      IF NOT FOUND THEN RETURN; END IF;
      UPDATE caisson.run x SET desired = 'run', desired_by = actor, desired_reason = why,
        host = coalesce(at_host, x.host) WHERE x.run_id = run;
      IF r.state <> 'running' THEN PERFORM caisson.turn_run(run, ARRAY[r.state], 'running', actor, why); END IF;
      FOR k IN SELECT s.step FROM caisson.step s WHERE s.run_id = run AND s.state = 'failed' ORDER BY s.ord LOOP
        PERFORM caisson.retry_step(run, k, actor, NULL);
        n := n + 1;
      END LOOP;
      RETURN QUERY SELECT r.state, n;
    END $$;
    """#
}
