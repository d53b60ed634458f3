extension JournalSchema {
  /// A journal that finds itself elsewhere: under another name, or after a failover, a restore or an upgrade.
  static let movingFunctions = #"""
    -- Where this database is now, as caisson.meta records it.
    CREATE FUNCTION caisson.place() RETURNS TABLE (system_id text, database_oid oid, timeline integer)
    LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
      SELECT c.system_identifier::text, d.oid, CASE WHEN pg_is_in_recovery()
          THEN (SELECT p.timeline_id FROM pg_control_checkpoint() p)
          ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
      FROM pg_control_system() c, pg_database d WHERE d.datname = current_database() $$;

    -- Fences given before this point of the history may be known to somebody although the journal lost them.
    CREATE FUNCTION caisson.raise_fence() RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    DECLARE highest bigint;
    BEGIN
      SELECT greatest(nextval('caisson.fence'), (SELECT max(s.fence) FROM caisson.step s),
        (SELECT max(t.fence) FROM caisson.task t), (SELECT max(a.fence) FROM caisson.attempt a)) INTO highest;
      RETURN setval('caisson.fence', highest + 1000000);
    END $$;

    -- The same database in another place: the leases of before have run out, and what was in flight is taken over,
    -- probed where it has to be. No row: nothing has changed, or the name is another one.
    CREATE FUNCTION caisson.reattach(name text, actor text, why text)
    RETURNS TABLE (was jsonb, is_now jsonb, fence bigint, leases bigint) LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE m caisson.meta; before jsonb; after jsonb; f bigint; n bigint;
    BEGIN
      SELECT * INTO m FROM caisson.meta FOR UPDATE;
      SELECT to_jsonb(p) INTO after FROM caisson.place() p;
      before := jsonb_build_object('system_id', m.system_id, 'database_oid', m.database_oid, 'timeline', m.timeline);
      IF m.target_name <> name OR before = after THEN RETURN; END IF;
      f := caisson.raise_fence();
      UPDATE caisson.lease SET until = clock_timestamp() - interval '1 microsecond';
      GET DIAGNOSTICS n = ROW_COUNT;
      UPDATE caisson.firing SET until = clock_timestamp() - interval '1 microsecond' WHERE state = 'running';
      UPDATE caisson.meta SET system_id = after ->> 'system_id', database_oid = (after ->> 'database_oid')::oid,
        timeline = (after ->> 'timeline')::integer;
      INSERT INTO caisson.event (kind, actor, data) VALUES ('journal.reattached', actor, jsonb_strip_nulls(
        jsonb_build_object('was', before, 'now', after, 'fence', f, 'leases', n, 'reason', why)));
      RETURN QUERY SELECT before, after, f, n;
    END $$;

    -- A copy that lives on under another name. What its original had in flight is unknown here: held steps are in
    -- doubt, runs are paused, and nothing that was granted or proven for the original counts. No row: same name.
    CREATE FUNCTION caisson.adopt(name text, actor text, why text)
    RETURNS TABLE (was text, runs uuid[], steps bigint, approvals bigint, evidence bigint, schedules bigint, fence bigint)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE m caisson.meta; f bigint; n_steps bigint; n_gates bigint; n_evidence bigint; n_schedules bigint; ids uuid[];
      remark text;
    BEGIN
      SELECT * INTO m FROM caisson.meta FOR UPDATE;
      IF m.target_name = name THEN RETURN; END IF;
      remark := 'begun on ' || m.target_name || ', of which this database is a copy, now ' || name;
      f := caisson.raise_fence();
      UPDATE caisson.runner SET dead_at = clock_timestamp(), doing = '[]' WHERE dead_at IS NULL;
      n_steps := caisson.let_go(remark, actor);
      ids := caisson.pause_live(remark, actor);
      UPDATE caisson.gate SET state = 'closed', reason = 'given for ' || m.target_name, decided_by = NULL,
        decided_role = NULL, decided_at = NULL WHERE kind = 'approval' AND state <> 'closed';
      GET DIAGNOSTICS n_gates = ROW_COUNT;
      DELETE FROM caisson.approval;
      UPDATE caisson.evidence SET void = true WHERE NOT void;
      GET DIAGNOSTICS n_evidence = ROW_COUNT;
      UPDATE caisson.schedule SET paused_at = clock_timestamp(), paused_by = actor, paused_reason = remark
       WHERE paused_at IS NULL AND retired_at IS NULL;
      GET DIAGNOSTICS n_schedules = ROW_COUNT;
      UPDATE caisson.firing SET state = 'failed', until = NULL, ended_at = clock_timestamp(), reason = remark
       WHERE state = 'running';
      UPDATE caisson.meta x SET system_id = p.system_id, database_oid = p.database_oid, timeline = p.timeline,
        target_name = name FROM caisson.place() p;
      INSERT INTO caisson.event (kind, actor, data) VALUES ('journal.adopted', actor, jsonb_strip_nulls(
        jsonb_build_object('was', m.target_name, 'name', name, 'fence', f, 'runs', to_jsonb(ids), 'steps', n_steps,
          'approvals', n_gates, 'evidence', n_evidence, 'schedules', n_schedules, 'reason', why)));
      RETURN QUERY SELECT m.target_name, ids, n_steps, n_gates, n_evidence, n_schedules, f;
    END $$;

    -- Every held step is left in doubt, whoever has it.
    CREATE FUNCTION caisson.let_go(why text, actor text) RETURNS bigint LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog AS $$
    DECLARE s caisson.step; n bigint := 0;
    BEGIN
      FOR s IN SELECT * FROM caisson.step x WHERE x.state IN ('running','undoing') ORDER BY x.run_id, x.ord LOOP
        PERFORM caisson.leave_step(s.run_id, s.step, s.fence, s.state, 'in_doubt', 'abandoned', why, NULL, NULL, NULL,
          actor, '{}');
        n := n + 1;
      END LOOP;
      RETURN n;
    END $$;

    -- A failed rollback stays one; everything else that is not over is paused.
    CREATE FUNCTION caisson.pause_live(why text, actor text) RETURNS uuid[] LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog AS $$
    DECLARE r caisson.run; ids uuid[] := '{}';
    BEGIN
      FOR r IN SELECT * FROM caisson.run x WHERE x.finished_at IS NULL ORDER BY x.created_at FOR NO KEY UPDATE LOOP
        UPDATE caisson.run x SET desired = 'pause', desired_by = actor, desired_reason = why WHERE x.run_id = r.run_id;
        PERFORM caisson.turn_run(r.run_id, ARRAY['queued','running','waiting','undoing'], 'paused', actor, why);
        ids := ids || r.run_id;
      END LOOP;
      RETURN ids;
    END $$;
    """#
}
