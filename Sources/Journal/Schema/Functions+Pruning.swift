extension JournalSchema {
  /// Old runs go whole, their stretch of the chain is kept as an anchor.
  static let pruningFunctions = #"""
    -- Finished runs that say nothing any more which a later one does not say: kept are runs with a point of no return
    -- behind them or work to finalize, and of each step of a plan the last word, which later runs carry over from.
    CREATE FUNCTION caisson.prunable(keep interval) RETURNS TABLE (run_id uuid, plan text, environment text,
      target text, state text, finished_at timestamptz, events bigint)
    LANGUAGE sql STABLE AS $$
      SELECT r.run_id, p.name, p.environment, r.target, r.state, r.finished_at,
        (SELECT count(*) FROM caisson.event e WHERE e.run_id = r.run_id)
      FROM caisson.run r JOIN caisson.plan p USING (plan_hash)
      WHERE r.finished_at < clock_timestamp() - keep AND r.no_return_at IS NULL AND r.finalize_due IS NULL
        AND NOT EXISTS (SELECT FROM caisson.step s WHERE s.run_id = r.run_id AND s.irreversible AND s.attempt > 0)
        -- What it proved and has taken back since must not stand again.
        AND (r.state = 'succeeded' OR NOT EXISTS (SELECT FROM caisson.evidence v WHERE v.run_id = r.run_id))
        AND NOT EXISTS (SELECT FROM caisson.step s WHERE s.run_id = r.run_id AND (s.state IN ('running','undoing')
          OR s.due_at IS NOT NULL AND s.state <> 'undone'))
        AND NOT EXISTS (SELECT FROM caisson.step s WHERE s.run_id = r.run_id AND s.state IN ('done','undone')
          AND NOT EXISTS (SELECT FROM caisson.run r2 JOIN caisson.plan p2 USING (plan_hash)
            JOIN caisson.step s2 ON s2.run_id = r2.run_id AND s2.step = s.step AND s2.state IN ('done','undone')
            WHERE p2.name = p.name AND p2.environment = p.environment AND r2.target = r.target
              AND r2.finished_at IS NOT NULL AND r2.created_at > r.created_at))
      ORDER BY r.finished_at $$;

    -- One run, in the caller's transaction. No row: it may not go, or not yet: its newest events are not sealed.
    -- No sealing meanwhile: the head is locked. A runner may do it, but not with what it has just done itself.
    CREATE FUNCTION caisson.prune_run(run uuid, keep interval, actor text)
    RETURNS TABLE (events bigint, anchors bigint)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    #variable_conflict use_column
    DECLARE r record; n bigint; k bigint; hash_of bytea;
    BEGIN
      IF keep < interval '30 days' AND NOT pg_has_role(session_user, current_user, 'MEMBER') THEN
        RAISE EXCEPTION 'caisson: what ended within 30 days is pruned by the journal''s owner' USING ERRCODE = '42501';
      END IF;
      PERFORM 1 FROM caisson.seal FOR UPDATE;
      SELECT x.run_id, x.plan_hash INTO r FROM caisson.run x WHERE x.run_id = run FOR UPDATE SKIP LOCKED;
      IF NOT FOUND OR NOT EXISTS (SELECT FROM caisson.prunable(keep) p WHERE p.run_id = run)
        OR EXISTS (SELECT FROM caisson.event e WHERE e.run_id = run AND e.seq IS NULL) THEN RETURN; END IF;
      WITH gone AS (SELECT e.seq, e.seq - row_number() OVER (ORDER BY e.seq) AS island
                    FROM caisson.event e WHERE e.run_id = run),
      ends AS (SELECT min(seq) AS low, max(seq) AS high FROM gone GROUP BY island)
      INSERT INTO caisson.anchor (first_seq, last_seq, hash_before, hash_after)
      SELECT i.low, i.high, coalesce((SELECT e.hash FROM caisson.event e WHERE e.seq = i.low - 1),
          (SELECT a.hash_after FROM caisson.anchor a WHERE a.last_seq = i.low - 1),
          (SELECT sha256(convert_to(m.journal_id::text, 'UTF8')) FROM caisson.meta m)),
        (SELECT e.hash FROM caisson.event e WHERE e.seq = i.high) FROM ends i;
      GET DIAGNOSTICS k = ROW_COUNT;
      DELETE FROM caisson.event WHERE run_id = run;
      GET DIAGNOSTICS n = ROW_COUNT;
      DELETE FROM caisson.attempt WHERE run_id = run;
      DELETE FROM caisson.run x WHERE x.run_id = run;   -- step, program, task, lease, hold and gate go with it
      DELETE FROM caisson.plan p WHERE p.plan_hash = r.plan_hash
        AND NOT EXISTS (SELECT FROM caisson.run x WHERE x.plan_hash = p.plan_hash)
        AND NOT EXISTS (SELECT FROM caisson.schedule x WHERE x.plan_hash = p.plan_hash);
      INSERT INTO caisson.event (kind, actor, data) VALUES ('journal.pruned', actor,
        jsonb_build_object('run', run, 'events', n, 'anchors', k));
      RETURN QUERY SELECT n, k;
    END $$;
    REVOKE ALL ON FUNCTION caisson.prune_run FROM PUBLIC;

    -- Moments that are over, but of each schedule the last one.
    CREATE FUNCTION caisson.prune_firings(keep interval) RETURNS bigint LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog AS $$
    DECLARE n bigint;
    BEGIN
      DELETE FROM caisson.firing f WHERE f.ended_at < clock_timestamp() - keep
        AND EXISTS (SELECT FROM caisson.firing l WHERE l.schedule_id = f.schedule_id AND l.due_at > f.due_at)
        AND NOT EXISTS (SELECT FROM caisson.run r WHERE r.run_id = f.run_id);
      GET DIAGNOSTICS n = ROW_COUNT;
      RETURN n;
    END $$;

    -- Processes that are long gone and hold nothing.
    CREATE FUNCTION caisson.prune_runners(keep interval) RETURNS bigint LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog AS $$
    DECLARE n bigint;
    BEGIN
      DELETE FROM caisson.runner x WHERE x.dead_at < clock_timestamp() - keep
        AND NOT EXISTS (SELECT FROM caisson.lease l WHERE l.runner_id = x.runner_id);
      GET DIAGNOSTICS n = ROW_COUNT;
      RETURN n;
    END $$;
    """#
}
