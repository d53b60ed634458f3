extension JournalSchema {
  /// What must be open before steps are claimed.
  static let gateFunctions = #"""
    -- Voted on: 'release' for the whole run, 'step:NAME' for one step. Judged by whoever is about to claim, the last
    -- verdict kept here: 'run' and 'gate:NAME'. No row: nothing is closed.
    CREATE FUNCTION caisson.is_open(run uuid, step_name text) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT NOT EXISTS (SELECT FROM caisson.gate g
        WHERE g.run_id = run AND g.gate IN ('release', 'run', 'step:' || step_name, 'gate:' || step_name)
          AND g.state = 'closed') $$;

    -- A runner's verdict: open (`why` is NULL), or closed, to be asked again at `at` or after `again`. Only a change is
    -- an event. Row, where it is closed: when it is asked again, and in how many seconds. What is voted on it never
    -- touches: runners may call it, and write no gate themselves.
    CREATE FUNCTION caisson.judge(run uuid, gate_name text, gate_kind text, why text, at timestamptz, again interval,
      who text)
    RETURNS TABLE (next_at timestamptz, seconds double precision)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    #variable_conflict use_column
    DECLARE was text; n timestamptz := coalesce(at, clock_timestamp() + again);
    BEGIN
      IF gate_name = 'release' OR starts_with(gate_name, 'step:') OR gate_kind = 'approval' OR EXISTS (
        SELECT FROM caisson.gate g WHERE g.run_id = run AND g.gate = gate_name AND g.kind = 'approval') THEN
        RAISE EXCEPTION 'caisson: % is opened by approvals alone', gate_name USING ERRCODE = '42501'; END IF;
      SELECT g.state INTO was FROM caisson.gate g WHERE g.run_id = run AND g.gate = gate_name FOR UPDATE;
      IF why IS NULL THEN
        IF was = 'closed' THEN
          UPDATE caisson.gate g SET state = 'open', reason = NULL, next_at = NULL, decided_by = who,
            decided_role = session_user, decided_at = clock_timestamp() WHERE g.run_id = run AND g.gate = gate_name;
          INSERT INTO caisson.event (run_id, step, kind, actor, data) VALUES (run,
            nullif(substr(gate_name, 6), ''), 'gate.opened', who, jsonb_build_object('gate', gate_name));
        END IF;
        RETURN;
      END IF;
      INSERT INTO caisson.gate AS g (run_id, gate, kind, spec, bound_hash, reason, next_at)
      SELECT run, gate_name, gate_kind, '{}', r.plan_hash, why, n FROM caisson.run r WHERE r.run_id = run
      ON CONFLICT (run_id, gate) DO UPDATE SET state = 'closed', kind = excluded.kind, reason = excluded.reason,
        next_at = excluded.next_at, decided_by = NULL, decided_role = NULL, decided_at = NULL;
      IF was IS DISTINCT FROM 'closed' THEN
        INSERT INTO caisson.event (run_id, step, kind, actor, data) VALUES (run, nullif(substr(gate_name, 6), ''),
          'gate.closed', who, jsonb_strip_nulls(jsonb_build_object('gate', gate_name, 'reason', why, 'next', n)));
      END IF;
      RETURN QUERY SELECT n, extract(epoch FROM n - clock_timestamp())::double precision;
    END $$;

    -- In the transaction that creates a run: it, or one step of it, waits for that many other roles. Closes, never opens.
    CREATE FUNCTION caisson.require_approval(plan bytea, target_name text, step_name text, needed integer)
    RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      INSERT INTO caisson.gate (run_id, gate, kind, spec, bound_hash, reason)
      SELECT r.run_id, coalesce('step:' || step_name, 'release'), 'approval',
        jsonb_build_object('needed', greatest(needed, 1)), r.plan_hash,
        CASE WHEN step_name IS NULL THEN 'the environment asks for approval' ELSE 'the step asks for approval' END
      FROM caisson.run r WHERE r.plan_hash = plan AND r.target = target_name AND r.variant = ''
        AND r.finished_at IS NULL
      ON CONFLICT DO NOTHING $$;
    -- What the environment of a plan asks for; firings of its schedules wait for nobody.
    CREATE FUNCTION caisson.require_approvals(plan bytea, target_name text, variant_name text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    DECLARE votes integer;
    BEGIN
      SELECT (p.resolved -> 'environment' ->> 'approvals')::integer INTO votes FROM caisson.plan p
        WHERE p.plan_hash = plan AND variant_name = '';
      IF votes > 0 THEN PERFORM caisson.require_approval(plan, target_name, NULL::text, votes); END IF;
    END $$;
    REVOKE ALL ON FUNCTION caisson.judge, caisson.require_approval, caisson.require_approvals FROM PUBLIC;

    -- By another role than the one that started the run: `session_user`, which nobody can put on. No row: no such gate.
    -- `problem` says why it did not count.
    CREATE FUNCTION caisson.approve(run uuid, gate_name text, plan bytea, who text, why text)
    RETURNS TABLE (state text, given integer, needed integer, problem text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    #variable_conflict use_column
    DECLARE g caisson.gate; n integer; want integer; starter text; editors text[];
    BEGIN
      SELECT * INTO g FROM caisson.gate x WHERE x.run_id = run AND x.gate = gate_name AND x.kind = 'approval' FOR UPDATE;
      IF NOT FOUND THEN RETURN; END IF;
      want := (g.spec->>'needed')::integer;
      SELECT r.started_by, r.amended_by INTO starter, editors FROM caisson.run r WHERE r.run_id = run;
      SELECT count(*) INTO n FROM caisson.approval a WHERE a.run_id = run AND a.gate = gate_name;
      IF g.bound_hash IS DISTINCT FROM plan THEN
        RETURN QUERY SELECT g.state, n, want, 'the run is of another version of the plan'; RETURN; END IF;
      IF session_user = starter THEN
        RETURN QUERY SELECT g.state, n, want, 'role ' || starter || ' has started the run itself'; RETURN; END IF;
      IF session_user = ANY (editors) THEN
        RETURN QUERY SELECT g.state, n, want, 'role ' || session_user || ' has amended the run itself'; RETURN; END IF;
      IF g.state <> 'closed' THEN RETURN QUERY SELECT g.state, n, want, NULL::text; RETURN; END IF;
      INSERT INTO caisson.approval (run_id, gate, actor, reason) VALUES (run, gate_name, who, why)
        ON CONFLICT DO NOTHING;
      IF FOUND THEN
        n := n + 1;
        INSERT INTO caisson.event (run_id, kind, actor, data) VALUES (run, 'gate.approved', who,
          jsonb_strip_nulls(jsonb_build_object('gate', gate_name, 'given', n, 'needed', want, 'reason', why)));
      END IF;
      IF n >= want THEN
        UPDATE caisson.gate x SET state = 'open', decided_by = who, decided_role = session_user,
          decided_at = clock_timestamp() WHERE x.run_id = run AND x.gate = gate_name;
        INSERT INTO caisson.event (run_id, kind, actor, data) VALUES (run, 'gate.opened', who,
          jsonb_build_object('gate', gate_name));
      END IF;
      RETURN QUERY SELECT CASE WHEN n >= want THEN 'open' ELSE 'closed' END, n, want, NULL::text;
    END $$;
    REVOKE ALL ON FUNCTION caisson.approve FROM PUBLIC;
    """#
}
