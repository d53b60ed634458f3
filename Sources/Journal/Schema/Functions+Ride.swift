extension JournalSchema {
  /// Steps that are one transaction: claim and finish in the work transaction itself.
  static let rideFunctions = #"""
    -- Claim and finish of a step that is one transaction; the work runs between this call and COMMIT. The lock on its
    -- row is the lease, the commit is the outcome. Raises CA001 when it may not run, so that a pipelined transaction
    -- dies. Needs may be read by the locking statement: what was done stays done as long as the run, read later, is
    -- running.
    -- A new journal has no statistics: without the settings each ride would read all steps of all runs (measured).
    CREATE FUNCTION caisson.ride(run uuid, step_name text, runner uuid, details jsonb DEFAULT '{}') RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog SET enable_seqscan = off SET enable_hashjoin = off
    SET enable_mergejoin = off AS $$
    DECLARE f bigint;
    BEGIN
      WITH s AS (
        UPDATE caisson.step SET state = 'done', done_by = 'engine', fence = nextval('caisson.fence'),
          attempt = attempt + 1, reason = NULL, changed_at = clock_timestamp()
        WHERE ctid = (SELECT s.ctid FROM caisson.step s WHERE s.run_id = run AND s.step = step_name COLLATE "C" AND s.single_tx
            AND s.state IN ('pending','backoff','waiting') AND s.not_before <= clock_timestamp()
            AND NOT EXISTS (SELECT FROM unnest(s.needs) n WHERE coalesce(  -- needs_met
              (SELECT d.state FROM caisson.step d WHERE d.run_id = run AND d.step = n COLLATE "C"), '') NOT IN ('done','skipped'))
            FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING fence, attempt),
      t AS (
        UPDATE caisson.task t SET state = 'done', fence = s.fence, xid = pg_current_xact_id(), lsn = pg_current_wal_insert_lsn(),
          changed_at = clock_timestamp()
        FROM s WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND t.state IN ('pending','running')),
      a AS (
        INSERT INTO caisson.attempt (run_id, step, attempt, fence, runner_id, backend_pid, ended_at, outcome)
        SELECT run, step_name, s.attempt, s.fence, runner, pg_backend_pid(), clock_timestamp(), 'ok' FROM s)
      INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
      SELECT run, step_name, s.fence, 'step.done', runner::text, details FROM s RETURNING fence INTO f;
      -- After the lock: look. A task that is not ours now was done, or compiled again, by a holder meanwhile.
      IF f IS NULL OR NOT EXISTS (SELECT FROM caisson.run r
           WHERE r.run_id = run AND r.state = 'running' AND r.desired = 'run' AND (r.amended_from IS NULL OR EXISTS (
             SELECT FROM caisson.runner x WHERE x.runner_id = runner AND x.labels ->> 'plan' = encode(r.plan_hash, 'hex'))))
         OR EXISTS (SELECT FROM caisson.gate g           -- is_open, whose call would cost a tenth of the ride
           WHERE g.run_id = run AND g.gate IN ('release', 'run', 'step:' || step_name, 'gate:' || step_name)
             AND g.state = 'closed')
         OR EXISTS (SELECT FROM caisson.task t
           WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND t.fence <> f) THEN
        RAISE EXCEPTION 'caisson: step % of run % may not run now: %', step_name, run, caisson.why_not(run, step_name)
          USING ERRCODE = 'CA001'; END IF;
      RETURN f;
    END $$;

    -- For people: what keeps a step from being claimed.
    CREATE FUNCTION caisson.why_not(run uuid, step_name text) RETURNS text LANGUAGE sql STABLE AS $$
      SELECT coalesce((SELECT CASE
          WHEN r.state <> 'running' THEN 'the run is ' || r.state
          WHEN r.desired <> 'run' THEN 'the run shall ' || r.desired
          WHEN s.state NOT IN ('pending','backoff','waiting','in_doubt') THEN 'the step is ' || s.state
          WHEN s.not_before > clock_timestamp() THEN 'not before ' || s.not_before
          WHEN NOT caisson.is_open(run, step_name) THEN 'it waits at a closed gate'
          WHEN NOT caisson.needs_met(run, s.needs) THEN 'it needs ' || (
            SELECT string_agg(n || ' (' || coalesce(d.state, 'missing') || ')', ', ') FROM unnest(s.needs) n
            LEFT JOIN caisson.step d ON d.run_id = run AND d.step = n COLLATE "C"
            WHERE d.state IS NULL OR d.state NOT IN ('done','skipped'))
          WHEN EXISTS (SELECT FROM caisson.task t WHERE t.run_id = run AND t.step = step_name COLLATE "C"
            AND t.state NOT IN ('pending','running')) THEN 'it has begun: it is claimed, not ridden'
          ELSE 'another runner is at it' END
        FROM caisson.step s JOIN caisson.run r USING (run_id) WHERE s.run_id = run AND s.step = step_name COLLATE "C"),
        'no such step') $$;

    -- A ride that rolled back, recorded in a transaction of its own. No row: the step is not ours to record any more.
    CREATE FUNCTION caisson.ride_failed(run uuid, step_name text, runner uuid, to_state text, result text, why text,
      code text, problem jsonb, delay interval, began timestamptz)
    RETURNS TABLE (attempt integer, retry_from integer, not_before timestamptz)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE s caisson.step; f bigint;
    BEGIN
      SELECT * INTO s FROM caisson.step x WHERE x.run_id = run AND x.step = step_name COLLATE "C" AND x.single_tx
        AND x.state IN ('pending','backoff','waiting') FOR NO KEY UPDATE SKIP LOCKED;
      IF NOT FOUND THEN RETURN; END IF;
      f := nextval('caisson.fence');
      UPDATE caisson.step x SET state = to_state, ready = to_state IN ('pending','backoff','waiting'), fence = f,
        attempt = s.attempt + 1, reason = why, changed_at = clock_timestamp(),
        not_before = CASE WHEN delay IS NULL THEN '-infinity' ELSE clock_timestamp() + delay END
       WHERE x.run_id = run AND x.step = step_name COLLATE "C";
      UPDATE caisson.task t SET fence = f WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND caisson.unfinished(t.state);
      INSERT INTO caisson.attempt (run_id, step, attempt, fence, runner_id, started_at, ended_at, outcome, sqlstate,
        error)
      VALUES (run, step_name, s.attempt + 1, f, runner, least(began, clock_timestamp()), clock_timestamp(), result,
        code,
              problem);
      INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
      VALUES (run, step_name, f, 'step.' || to_state, runner::text, jsonb_strip_nulls(jsonb_build_object(
        'reason', why, 'sqlstate', code, 'attempt', s.attempt + 1)));
      RETURN QUERY SELECT x.attempt, x.retry_from, x.not_before FROM caisson.step x
        WHERE x.run_id = run AND x.step = step_name COLLATE "C";
    END $$;
    """#
}
