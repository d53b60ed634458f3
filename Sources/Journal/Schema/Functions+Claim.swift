extension JournalSchema {
  /// Claiming, riding, taking over, holding resources. One rule: lock in one statement, look in a later one.
  ///
  /// A statement has one snapshot, and of what it reads only the rows it locks are as they are now. So whatever
  /// decides by several rows is a function: each of its statements has a fresh snapshot, in one round trip.
  static let claimFunctions = #"""
    -- A task somebody may still work on: what a takeover must get hold of.
    CREATE FUNCTION caisson.unfinished(state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
      $$ SELECT state IN ('pending','intent','running','in_doubt','undoing') $$;
    -- Need by need: until the tables are analyzed, a join would read all steps of the run.
    CREATE FUNCTION caisson.needs_met(run uuid, needs text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT NOT EXISTS (SELECT FROM unnest(needs) n WHERE coalesce(
        (SELECT d.state FROM caisson.step d WHERE d.run_id = run AND d.step = n COLLATE "C"), '') NOT IN ('done','skipped')) $$;

    -- Bound to a host by the plan, or by its files and programs to where the run was submitted.
    CREATE FUNCTION caisson.may_run_here(s caisson.step, holder uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT s.host IS NULL AND NOT s.local OR EXISTS (SELECT FROM caisson.runner x, caisson.run r
        WHERE x.runner_id = holder AND r.run_id = s.run_id AND x.host = coalesce(s.host, r.host)) $$;

    -- A run that was amended is gone on with by those who know the plan as it is now.
    CREATE FUNCTION caisson.knows_plan(run uuid, holder uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT EXISTS (SELECT FROM caisson.run r WHERE r.run_id = run AND (r.amended_from IS NULL OR EXISTS (
        SELECT FROM caisson.runner x WHERE x.runner_id = holder AND x.labels ->> 'plan' = encode(r.plan_hash, 'hex')))) $$;

    -- All or none, never waits. Lock, then look, again. false: not now. The caller holds the step (same transaction).
    CREATE FUNCTION caisson.hold(run uuid, step_name text, my_fence bigint, names text[], modes text[]) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    BEGIN
      IF (SELECT count(*) FROM (SELECT 1 FROM caisson.resource WHERE name = ANY (names)
            FOR NO KEY UPDATE SKIP LOCKED) q) <> cardinality(names) THEN RETURN false; END IF;
      -- void: not the step's fence, or nobody holds the step
      DELETE FROM caisson.resource_hold h WHERE h.name = ANY (names) AND NOT EXISTS (
        SELECT FROM caisson.step s JOIN caisson.lease l USING (run_id, step)
        WHERE s.run_id = h.run_id AND s.step = h.step AND s.fence = h.fence AND l.fence = h.fence);
      -- What this holding has already, it may ask for again: in another mode it then has it alone.
      IF EXISTS (SELECT FROM unnest(names, modes) w(name, mode) JOIN caisson.resource r USING (name) WHERE
           (SELECT count(*) FROM caisson.resource_hold h WHERE h.name = w.name AND h.fence <> my_fence)
             >= CASE WHEN w.mode = 'exclusive' OR EXISTS (SELECT FROM caisson.resource_hold o WHERE o.name = w.name
                  AND o.fence = my_fence AND o.mode <> w.mode) THEN 1 ELSE r.capacity END
           OR EXISTS (SELECT FROM caisson.resource_hold h
                WHERE h.name = w.name AND h.fence <> my_fence AND h.mode <> w.mode))
        THEN RETURN false; END IF;
      INSERT INTO caisson.resource_hold AS h (name, fence, run_id, step, mode)
      SELECT w.name, my_fence, run, step_name, w.mode FROM unnest(names, modes) w(name, mode)
      ON CONFLICT (name, fence) DO UPDATE
        SET mode = CASE WHEN h.mode = excluded.mode THEN h.mode ELSE 'exclusive' END;
      RETURN true;
    END $$;

    -- The bookkeeping of a new holding of a step its caller has locked.
    CREATE FUNCTION caisson.begin_holding(run uuid, step_name text, holder uuid, ttl interval, way text,
      OUT fence bigint, OUT attempt integer) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE f bigint := nextval('caisson.fence'); a integer;
    BEGIN
      UPDATE caisson.step s SET state = CASE way WHEN 'forward' THEN 'running' ELSE 'undoing' END, done_by = NULL,
        fence = f, attempt = s.attempt + 1, reason = NULL, due_at = NULL, changed_at = clock_timestamp()
       WHERE s.run_id = run AND s.step = step_name COLLATE "C" RETURNING s.attempt INTO a;
      UPDATE caisson.task t SET fence = f,
        state = CASE t.state WHEN 'intent' THEN 'in_doubt' WHEN 'undo_failed' THEN 'pending' ELSE t.state END
       WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND (caisson.unfinished(t.state) OR t.state = 'undo_failed');
      INSERT INTO caisson.lease (run_id, step, fence, runner_id, until)
      VALUES (run, step_name, f, holder, clock_timestamp() + ttl);
      INSERT INTO caisson.attempt (run_id, step, attempt, fence, direction, runner_id)
      VALUES (run, step_name, a, f, way, holder);
      INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
      VALUES (run, step_name, f, CASE way WHEN 'forward' THEN 'step.claimed' ELSE 'step.undo_claimed' END,
              holder::text, jsonb_build_object('attempt', a));
      fence := f; attempt := a;
    END $$;

    -- Claim: a named step, or the first ready one (step_name NULL). No row: nothing claimable just now.
    -- The step is locked first and the run is read by a later statement. So whoever turns a run to 'undoing' commits
    -- that, then tries to lock every step of the run with SKIP LOCKED: when all are his at once, no forward claim is in
    -- flight any more. (A shared lock on the run row would write a multixact on one row for every claim of a fan-out.)
    CREATE FUNCTION caisson.claim(run uuid, step_name text, holder uuid, ttl interval,
      OUT step text, OUT fence bigint, OUT attempt integer, OUT phase integer, OUT was text)
    RETURNS SETOF record LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE k text; n text[]; f bigint; a integer; p integer; w text;
    BEGIN
      IF step_name IS NULL THEN
        SELECT s.step, s.needs, s.phase, s.state INTO k, n, p, w FROM caisson.step s
         WHERE s.run_id = run AND s.ready AND s.state IN ('pending','backoff','waiting','in_doubt')
           AND s.not_before <= clock_timestamp() AND caisson.may_run_here(s, holder) ORDER BY s.ord LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
      ELSE
        SELECT s.step, s.needs, s.phase, s.state INTO k, n, p, w FROM caisson.step s
         WHERE s.run_id = run AND s.step = step_name COLLATE "C" AND s.state IN ('pending','backoff','waiting','in_doubt')
           AND s.not_before <= clock_timestamp() AND caisson.may_run_here(s, holder) FOR NO KEY UPDATE SKIP LOCKED;
      END IF;
      IF k IS NULL OR NOT EXISTS (SELECT FROM caisson.run r
           WHERE r.run_id = run AND r.state = 'running' AND r.desired = 'run') OR NOT caisson.is_open(run, k)
         OR NOT caisson.knows_plan(run, holder) THEN RETURN; END IF;
      IF NOT caisson.needs_met(run, n) THEN                                    -- the hint was wrong: repair it
        UPDATE caisson.step SET ready = false WHERE run_id = run AND step = k COLLATE "C" AND ready; RETURN; END IF;
      SELECT h.fence, h.attempt INTO f, a FROM caisson.begin_holding(run, k, holder, ttl, 'forward') h;
      RETURN QUERY SELECT k, f, a, p, w;
    END $$;

    -- Claim and hold, or neither; the block is a savepoint, so a claim without its resources leaves nothing behind.
    CREATE FUNCTION caisson.claim_holding(run uuid, step_name text, holder uuid, ttl interval, names text[],
      modes text[],
      OUT step text, OUT fence bigint, OUT attempt integer, OUT phase integer, OUT was text)
    RETURNS SETOF record LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE c record;
    BEGIN
      SELECT * INTO c FROM caisson.claim(run, step_name, holder, ttl);
      IF NOT FOUND THEN RETURN; END IF;
      IF NOT caisson.hold(run, c.step, c.fence, names, modes) THEN
        RAISE EXCEPTION 'caisson: resources are held' USING ERRCODE = 'CA004'; END IF;
      RETURN QUERY SELECT c.step, c.fence, c.attempt, c.phase, c.was;
    EXCEPTION WHEN SQLSTATE 'CA004' THEN RETURN;
    END $$;

    -- Take over one step whose lease ran out or whose runner is proven dead, with all its unfinished tasks or not at
    -- all. Step and lease are locked together, so both are seen as they are now; the tasks are read by later statements
    -- (in one statement, tasks committed between its snapshot and its lock would keep the old fence). A task that is
    -- locked has a transaction in flight on the server: proof of life, back off. No row: nothing to take just now.
    CREATE FUNCTION caisson.take_over(run uuid, holder uuid, ttl interval,
      OUT step text, OUT fence bigint, OUT attempt integer, OUT phase integer, OUT was bigint, OUT direction text)
    RETURNS SETOF record LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE k text; f bigint; a integer; p integer; way text; old bigint;
    BEGIN
      IF NOT caisson.knows_plan(run, holder) THEN RETURN; END IF;
      FOR k, old IN
        SELECT l.step, l.fence FROM caisson.lease l LEFT JOIN caisson.runner x ON x.runner_id = l.runner_id
         WHERE l.run_id = run AND (l.until < clock_timestamp() OR x.dead_at IS NOT NULL) ORDER BY l.until LIMIT 20
      LOOP
        PERFORM 1 FROM caisson.step s JOIN caisson.lease l ON l.run_id = s.run_id AND l.step = s.step
            LEFT JOIN caisson.runner x ON x.runner_id = l.runner_id
          WHERE s.run_id = run AND s.step = k COLLATE "C" AND l.fence = s.fence AND s.fence = old
            AND s.state IN ('running','undoing') AND caisson.may_run_here(s, holder)
            AND (l.until < clock_timestamp() OR x.dead_at IS NOT NULL) FOR NO KEY UPDATE OF s, l SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        IF (SELECT count(*) FROM (SELECT 1 FROM caisson.task t WHERE t.run_id = run AND t.step = k COLLATE "C"
              AND caisson.unfinished(t.state) FOR NO KEY UPDATE SKIP LOCKED) g)
           = (SELECT count(*) FROM caisson.task t WHERE t.run_id = run AND t.step = k COLLATE "C" AND caisson.unfinished(t.state))
        THEN
          f := nextval('caisson.fence');
          UPDATE caisson.step s SET fence = f, attempt = s.attempt + 1, changed_at = clock_timestamp()
           WHERE s.run_id = run AND s.step = k COLLATE "C"
          RETURNING s.attempt, s.phase, CASE s.state WHEN 'undoing' THEN 'undo' ELSE 'forward' END INTO a, p, way;
          UPDATE caisson.task t SET fence = f, state = CASE t.state WHEN 'intent' THEN 'in_doubt' ELSE t.state END,
            changed_at = clock_timestamp() WHERE t.run_id = run AND t.step = k COLLATE "C" AND caisson.unfinished(t.state);
          UPDATE caisson.lease l SET fence = f, runner_id = holder, until = clock_timestamp() + ttl
           WHERE l.run_id = run AND l.step = k COLLATE "C";
          UPDATE caisson.resource_hold h SET fence = f WHERE h.run_id = run AND h.step = k COLLATE "C" AND h.fence = old;
          UPDATE caisson.attempt t SET outcome = 'abandoned', ended_at = clock_timestamp()
           WHERE t.run_id = run AND t.step = k COLLATE "C" AND t.fence = old AND t.outcome IS NULL;
          INSERT INTO caisson.attempt (run_id, step, attempt, fence, direction, runner_id)
          VALUES (run, k, a, f, way, holder);
          INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
          VALUES (run, k, f, 'step.taken_over', holder::text, jsonb_build_object('was', old, 'attempt', a));
          RETURN QUERY SELECT k, f, a, p, old, way;
          RETURN;
        END IF;
      END LOOP;            -- what this call locked without taking is released when its transaction ends: at once
    END $$;
    """#
}
