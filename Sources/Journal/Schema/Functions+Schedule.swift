extension JournalSchema {
  /// Recording, claiming and ending firings. Lock the schedule in one statement, look in a later one.
  static let scheduleFunctions = #"""
    -- Makes the schedules of a plan those that are wanted. What keeps its time keeps its next moment and its pause. One
    -- row of NULL: somebody is at one of them just now.
    CREATE FUNCTION caisson.register_schedules(plan bytea, target_name text, plan_named text, env text, wanted jsonb,
      actor text) RETURNS TABLE (step text, change text) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE w record; s caisson.schedule; what text; at timestamptz;
    BEGIN
      IF (SELECT count(*) FROM (SELECT 1 FROM caisson.schedule x WHERE x.target = target_name
            AND x.plan_name = plan_named AND x.environment = env FOR NO KEY UPDATE SKIP LOCKED) q)
         <> (SELECT count(*) FROM caisson.schedule x WHERE x.target = target_name AND x.plan_name = plan_named
               AND x.environment = env) THEN
        RETURN QUERY SELECT NULL::text, NULL::text;
        RETURN;
      END IF;
      FOR w IN SELECT * FROM jsonb_to_recordset(wanted) AS x(step text, cron text, zone text, every interval,
        overlap text, catch_up text, next bigint)
      LOOP
        SELECT * INTO s FROM caisson.schedule x WHERE x.target = target_name AND x.plan_name = plan_named
          AND x.environment = env AND x.step = w.step COLLATE "C";
        at := timestamptz 'epoch' + w.next * interval '1 microsecond';
        what := CASE WHEN s.schedule_id IS NULL THEN 'added' WHEN s.retired_at IS NOT NULL THEN 'added'
          WHEN (s.cron, s.zone, s.every) IS DISTINCT FROM (w.cron, w.zone, w.every) THEN 'changed'
          WHEN (s.plan_hash, s.overlap, s.catch_up) IS DISTINCT FROM (plan, w.overlap, w.catch_up) THEN 'updated'
          ELSE 'kept' END;
        IF s.schedule_id IS NULL THEN
          INSERT INTO caisson.schedule (target, plan_name, environment, step, plan_hash, cron, zone, every, overlap,
            catch_up, next_at)
          VALUES (target_name, plan_named, env, w.step, plan, w.cron, w.zone, w.every, w.overlap, w.catch_up, at);
        ELSIF what <> 'kept' THEN
          UPDATE caisson.schedule x SET plan_hash = plan, cron = w.cron, zone = w.zone, every = w.every,
            overlap = w.overlap, catch_up = w.catch_up, retired_at = NULL,
            next_at = CASE WHEN what IN ('added','changed') THEN at ELSE x.next_at END
           WHERE x.schedule_id = s.schedule_id;
        END IF;
        IF what IN ('added','changed') THEN
          INSERT INTO caisson.event (step, kind, actor, data) VALUES (w.step,
            CASE what WHEN 'added' THEN 'schedule.registered' ELSE 'schedule.changed' END, actor, jsonb_strip_nulls(
              jsonb_build_object('plan', plan_named || '/' || env, 'cron', w.cron, 'zone', w.zone,
                'every', w.every::text, 'next', at)));
        END IF;
        RETURN QUERY SELECT w.step, what;
      END LOOP;
      FOR s IN SELECT * FROM caisson.schedule x WHERE x.target = target_name AND x.plan_name = plan_named
        AND x.environment = env AND x.retired_at IS NULL
        AND x.step NOT IN (SELECT e->>'step' FROM jsonb_array_elements(wanted) e)
      LOOP
        UPDATE caisson.schedule x SET retired_at = clock_timestamp(), next_at = NULL
         WHERE x.schedule_id = s.schedule_id;
        WITH left_over AS (
          UPDATE caisson.firing f SET state = 'skipped', ended_at = clock_timestamp(),
            reason = 'the plan has the schedule no more'
           WHERE f.schedule_id = s.schedule_id AND f.state = 'due' RETURNING f.firing_id)
        INSERT INTO caisson.event (step, kind, actor, data) SELECT s.step, 'schedule.removed', actor,
          jsonb_build_object('plan', plan_named || '/' || env, 'waiting', (SELECT count(*) FROM left_over));
        RETURN QUERY SELECT s.step, 'removed'::text;
      END LOOP;
    END $$;

    -- What happens to schedules belongs to a plan in an environment, and to none of its runs.
    CREATE FUNCTION caisson.firing_event(id bigint, kind text, actor text) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog AS $$
      INSERT INTO caisson.event (step, kind, actor, data)
      SELECT s.step, kind, actor, jsonb_strip_nulls(jsonb_build_object('plan', s.plan_name || '/' || s.environment,
        'due', f.due_at, 'run', f.run_id, 'reason', f.reason, 'moments', nullif(f.moments, 1),
        'extra', nullif(f.extra, false)))
      FROM caisson.firing f JOIN caisson.schedule s USING (schedule_id) WHERE f.firing_id = id $$;

    -- A moment, once. No row: it is known already. The caller holds the schedule.
    CREATE FUNCTION caisson.add_firing(sched bigint, due timestamptz, as_extra boolean, to_state text, count integer,
      why text, by text, actor text) RETURNS TABLE (firing_id bigint)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE id bigint;
    BEGIN
      INSERT INTO caisson.firing (schedule_id, due_at, extra, state, moments, reason, requested_by, ended_at)
      VALUES (sched, due, as_extra, to_state, count, why, by,
        CASE WHEN to_state <> 'due' THEN clock_timestamp() END)
      ON CONFLICT (schedule_id, due_at) DO NOTHING RETURNING firing.firing_id INTO id;
      IF id IS NULL THEN RETURN; END IF;
      PERFORM caisson.firing_event(id, 'firing.' || to_state, actor);
      RETURN QUERY SELECT id;
    END $$;

    -- Claimable firings; what is decided by it is looked at again under the schedule's lock. What is running is free
    -- when its runner is gone and nobody has stopped its run.
    CREATE FUNCTION caisson.open_firings(plan bytea, target_name text, plan_named text, env text)
    RETURNS TABLE (schedule_id bigint, firing_id bigint, running boolean) LANGUAGE sql STABLE
    SET search_path = pg_catalog AS $$
      SELECT f.schedule_id, f.firing_id, f.state = 'running' FROM caisson.firing f
        JOIN caisson.schedule s USING (schedule_id) LEFT JOIN caisson.runner x ON x.runner_id = f.runner_id
        LEFT JOIN caisson.run r ON r.run_id = f.run_id
      WHERE f.state IN ('due','running') AND s.target = target_name AND s.plan_name = plan_named
        AND s.environment = env AND CASE f.state
          WHEN 'running' THEN (f.until < clock_timestamp() OR x.dead_at IS NOT NULL)
            AND (r.run_id IS NULL OR r.finished_at IS NOT NULL OR r.desired = 'run')
          ELSE s.plan_hash = plan AND s.retired_at IS NULL AND (s.paused_at IS NULL OR f.extra)
            AND NOT EXISTS (SELECT FROM caisson.firing o WHERE o.schedule_id = f.schedule_id AND (o.state = 'running'
              OR o.state = 'due' AND o.due_at < f.due_at AND (s.paused_at IS NULL OR o.extra))) END
      ORDER BY f.state = 'running' DESC, f.due_at $$;

    -- No row: nothing to claim just now. Row: what to carry out; run_id where a run was begun for it already.
    CREATE FUNCTION caisson.claim_firing(plan bytea, target_name text, plan_named text, env text, holder uuid,
      ttl interval, OUT firing_id bigint, OUT step text, OUT due_at timestamptz, OUT extra boolean, OUT fence bigint,
      OUT run_id uuid, OUT taken_over boolean)
    RETURNS SETOF record LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE sid bigint; fid bigint; s caisson.schedule; f caisson.firing; over boolean; held boolean;
    BEGIN
      FOR sid, fid IN SELECT o.schedule_id, o.firing_id FROM caisson.open_firings(plan, target_name, plan_named, env) o
        LIMIT 20
      LOOP
        SELECT * INTO s FROM caisson.schedule x WHERE x.schedule_id = sid FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        SELECT x.runner_id IS NOT NULL INTO held FROM caisson.firing x WHERE x.firing_id = fid
          FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        SELECT o.running INTO over FROM caisson.open_firings(plan, target_name, plan_named, env) o
          WHERE o.firing_id = fid;
        CONTINUE WHEN NOT FOUND;
        UPDATE caisson.firing x SET state = 'running', runner_id = holder, fence = nextval('caisson.fence'),
          until = clock_timestamp() + ttl WHERE x.firing_id = fid RETURNING * INTO f;
        IF over AND held THEN
          PERFORM caisson.firing_event(fid, 'firing.taken_over', holder::text);
        END IF;
        RETURN QUERY SELECT fid, s.step, f.due_at, f.extra, f.fence, f.run_id, over;
        RETURN;
      END LOOP;
    END $$;

    -- In the transaction that creates the run: a firing has one run, and only its holder makes it (else CA001).
    CREATE FUNCTION caisson.start_firing(id bigint, my_fence bigint, plan bytea, target_name text, variant_name text,
      why text, actor text) RETURNS TABLE (run_id uuid)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE run uuid;
    BEGIN
      SELECT r.run_id INTO run FROM caisson.run r WHERE r.plan_hash = plan AND r.target = target_name
        AND r.variant = variant_name AND r.finished_at IS NULL;
      UPDATE caisson.firing f SET run_id = run, reason = why
       WHERE f.firing_id = id AND f.fence = my_fence AND f.state = 'running' AND f.run_id IS NULL;
      PERFORM caisson.must(FOUND AND run IS NOT NULL, 'the firing was taken over');
      PERFORM caisson.firing_event(id, 'firing.running', actor);
      RETURN QUERY SELECT run;
    END $$;

    -- No row: somebody else has taken it over.
    CREATE FUNCTION caisson.end_firing(id bigint, my_fence bigint, to_state text, why text, actor text)
    RETURNS TABLE (due_at timestamptz) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE due timestamptz;
    BEGIN
      UPDATE caisson.firing f SET state = to_state, reason = why, until = NULL, ended_at = clock_timestamp()
       WHERE f.firing_id = id AND f.fence = my_fence AND f.state = 'running' RETURNING f.due_at INTO due;
      IF NOT FOUND THEN RETURN; END IF;
      PERFORM caisson.firing_event(id, 'firing.' || to_state, actor);
      RETURN QUERY SELECT due;
    END $$;
    """#
}
