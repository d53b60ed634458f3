extension JournalSchema {
  /// An approval taken back.
  static let revocationFunctions = #"""
    -- By its giver or another approver, as long as nothing has gone through the gate. `whose` NULL: the caller's own vote,
    -- or the only one there is. No row: no such gate. `problem` says why nothing was taken back.
    -- The steps are locked before it looks at what was begun: whoever claims locks the step first and reads the gate in a
    -- later statement, so a claim either has begun where this looks, or finds the gate closed.
    CREATE FUNCTION caisson.revoke_approval(run uuid, gate_name text, whose text, who text, why text)
    RETURNS TABLE (state text, given integer, needed integer, role text, problem text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    #variable_conflict use_column
    DECLARE g caisson.gate; roles text[]; mine text; n integer; want integer; wrong text;
    BEGIN
      SELECT * INTO g FROM caisson.gate x WHERE x.run_id = run AND x.gate = gate_name AND x.kind = 'approval' FOR UPDATE;
      IF NOT FOUND THEN RETURN; END IF;
      want := (g.spec->>'needed')::integer;
      SELECT coalesce(array_agg(a.by_role ORDER BY a.at), '{}') INTO roles FROM caisson.approval a
        WHERE a.run_id = run AND a.gate = gate_name;
      n := cardinality(roles);
      mine := CASE WHEN whose IS NOT NULL THEN whose WHEN session_user = ANY (roles) THEN session_user::text
        WHEN n = 1 THEN roles[1] END;
      wrong := CASE WHEN n = 0 THEN 'nobody has approved it'
        WHEN mine IS NULL THEN 'roles ' || array_to_string(roles, ', ') || ' have approved it, each has a vote of its own'
        WHEN mine <> ALL (roles) THEN 'role ' || mine || ' has not approved it' END;
      IF wrong IS NULL AND g.state <> 'closed' THEN
        IF (SELECT count(*) FROM (SELECT 1 FROM caisson.step s WHERE s.run_id = run
              AND gate_name IN ('release', 'step:' || s.step) FOR NO KEY UPDATE SKIP LOCKED) q)
           <> (SELECT count(*) FROM caisson.step s WHERE s.run_id = run AND gate_name IN ('release', 'step:' || s.step))
        THEN wrong := 'a step behind it is being begun at this moment';
        ELSIF EXISTS (SELECT FROM caisson.attempt a WHERE a.run_id = run AND gate_name IN ('release', 'step:' || a.step)
              AND (a.started_at >= g.decided_at OR a.ended_at IS NULL))
          OR EXISTS (SELECT FROM caisson.program p WHERE p.run_id = run AND gate_name IN ('release', 'step:' || p.step)
              AND p.fence > 0 AND p.compiled_at >= g.decided_at)
        THEN wrong := 'the run has passed it'; END IF;
      END IF;
      IF wrong IS NOT NULL THEN RETURN QUERY SELECT g.state, n, want, mine, wrong; RETURN; END IF;
      DELETE FROM caisson.approval a WHERE a.run_id = run AND a.gate = gate_name AND a.by_role = mine;
      UPDATE caisson.gate x SET state = 'closed', decided_by = NULL, decided_role = NULL, decided_at = NULL
        WHERE x.run_id = run AND x.gate = gate_name;
      INSERT INTO caisson.event (run_id, kind, actor, data) VALUES (run, 'gate.revoked', who,
        jsonb_strip_nulls(jsonb_build_object('gate', gate_name, 'role', mine, 'given', n - 1, 'needed', want,
          'reason', why)));
      IF g.state <> 'closed' THEN
        INSERT INTO caisson.event (run_id, kind, actor, data) VALUES (run, 'gate.closed', who,
          jsonb_build_object('gate', gate_name, 'reason', 'an approval was taken back'));
      END IF;
      RETURN QUERY SELECT 'closed'::text, n - 1, want, mine, NULL::text;
    END $$;
    REVOKE ALL ON FUNCTION caisson.revoke_approval FROM PUBLIC;
    """#
}
