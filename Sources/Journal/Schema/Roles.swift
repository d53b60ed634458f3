extension JournalSchema {
  /// Group roles, where the installer may create them; without CREATEROLE the journal works with the installing role.
  ///
  /// Roles belong to the cluster: another database's journal may have made them, at this very moment too.
  static let roles = #"""
    DO $$
    DECLARE r text;
    BEGIN
      IF (SELECT rolsuper OR rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        FOREACH r IN ARRAY ARRAY['caisson_reader', 'caisson_operator', 'caisson_runner'] LOOP
          BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = r) THEN
              EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', r);
              IF r <> 'caisson_reader' THEN EXECUTE pg_catalog.format('GRANT caisson_reader TO %I', r); END IF;
            END IF;
          EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
          END;
        END LOOP;
      END IF;
      IF (SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname IN
        ('caisson_reader','caisson_operator','caisson_runner')) < 3
        THEN RETURN; END IF;
      GRANT USAGE ON SCHEMA caisson TO caisson_reader;
      GRANT SELECT ON ALL TABLES IN SCHEMA caisson TO caisson_reader;
      GRANT SELECT ON SEQUENCE caisson.fence TO caisson_reader;
      -- operator: wishes and decisions, nothing else
      GRANT UPDATE (desired, desired_by, desired_reason) ON caisson.run TO caisson_operator;
      GRANT EXECUTE ON FUNCTION caisson.approve TO caisson_operator;
      GRANT INSERT (run_id, step, kind, actor, data) ON caisson.event TO caisson_operator;
      GRANT UPDATE (paused_at, paused_by, paused_reason, next_at, last_at) ON caisson.schedule TO caisson_operator;
      GRANT INSERT (schedule_id, due_at, extra, state, moments, reason, requested_by, ended_at) ON caisson.firing
        TO caisson_operator;
      -- runner: everything the engine does; events only appended and sealed, history never rewritten
      GRANT INSERT, UPDATE, DELETE ON caisson.runner, caisson.run, caisson.step, caisson.program, caisson.task,
        caisson.lease, caisson.attempt, caisson.resource, caisson.resource_hold, caisson.gate, caisson.schedule,
        caisson.firing TO caisson_runner;
      GRANT INSERT ON caisson.plan, caisson.evidence, caisson.event TO caisson_runner;
      GRANT UPDATE (seq, hash) ON caisson.event TO caisson_runner;
      GRANT UPDATE ON caisson.seal TO caisson_runner;
      GRANT USAGE ON SEQUENCE caisson.fence TO caisson_runner;
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA caisson TO caisson_runner, caisson_operator;
    END $$;
    """#
}
