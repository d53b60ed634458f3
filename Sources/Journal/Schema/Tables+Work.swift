extension JournalSchema {
  /// Which journal this is, plans, runners, runs, steps, programs and tasks.
  static let workTables = #"""
    CREATE SCHEMA caisson;
    REVOKE ALL ON SCHEMA caisson FROM PUBLIC;
    COMMENT ON SCHEMA caisson IS 'Journal of Caisson: plans, runs and their append-only history';

    -- One row: which journal this is, who may write, where it lives.
    CREATE TABLE caisson.meta (
      one            boolean PRIMARY KEY DEFAULT true CHECK (one),
      journal_id     uuid NOT NULL DEFAULT gen_random_uuid(),
      schema_version integer NOT NULL,
      min_writer     integer NOT NULL,                -- older engines may read, not write
      system_id      text NOT NULL,                   -- pg_control_system().system_identifier
      database_oid   oid NOT NULL,
      timeline       integer NOT NULL,
      target_name    text NOT NULL,
      installed_at   timestamptz NOT NULL DEFAULT clock_timestamp());

    -- One for the whole journal: a fence identifies one holding of one step.
    CREATE SEQUENCE caisson.fence AS bigint;

    -- Content-addressed; references instead of secrets.
    CREATE TABLE caisson.plan (
      plan_hash      bytea PRIMARY KEY,
      release_hash   bytea NOT NULL,
      name           text NOT NULL,
      environment    text NOT NULL,
      canonical      integer NOT NULL,                -- version of the canonical form
      resolved       jsonb NOT NULL,
      engine_version text NOT NULL,
      created_at     timestamptz NOT NULL DEFAULT clock_timestamp());

    -- One row per process; the only heartbeat.
    CREATE TABLE caisson.runner (
      runner_id      uuid PRIMARY KEY,
      host           text NOT NULL,
      boot_id        text NOT NULL,
      os_pid         integer NOT NULL,
      os_start       text NOT NULL,                   -- process start in clock ticks: pids are reused
      version        text NOT NULL,
      labels         jsonb NOT NULL DEFAULT '{}',
      draining       boolean NOT NULL DEFAULT false,
      doing          jsonb NOT NULL DEFAULT '[]',     -- steps whose single transaction is in flight: they hold no lease
      started_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
      seen_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
      dead_at        timestamptz)                     -- set by whoever proved it dead on its host: its leases are void
      WITH (fillfactor = 50);

    CREATE TABLE caisson.run (
      run_id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      plan_hash      bytea NOT NULL REFERENCES caisson.plan,
      target         text NOT NULL,
      variant        text NOT NULL DEFAULT '',        -- several live runs of one plan (one per --var set)
      state          text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued','running','waiting','paused','failed',
                       'succeeded','undoing','rolled_back','rollback_failed','canceled','superseded')),
      desired        text NOT NULL DEFAULT 'run' CHECK (desired IN ('run','pause','cancel','rollback')),
      desired_by     text, desired_reason text,
      finalize_due   timestamptz,
      no_return_at   timestamptz,                     -- first irreversible operation committed
      amended_from   bytea,                           -- the plan it began with, where that was amended since
      amended_by     text[] NOT NULL DEFAULT '{}',    -- by which logins
      host           text,                            -- where it was submitted: file and process operations run there
      started_by     text NOT NULL DEFAULT session_user,
      created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
      finished_at    timestamptz,
      CHECK ((state IN ('succeeded','canceled','rolled_back','superseded')) = (finished_at IS NOT NULL)))
      WITH (fillfactor = 70);
    CREATE UNIQUE INDEX run_one_live ON caisson.run (plan_hash, target, variant) WHERE finished_at IS NULL;

    -- Kept narrow: every transition copies the row; the spec is in the plan.
    CREATE TABLE caisson.step (
      run_id         uuid NOT NULL REFERENCES caisson.run ON DELETE CASCADE,
      step           text COLLATE "C" NOT NULL,
      ord            integer NOT NULL,                -- topological; smaller first
      kind           text NOT NULL,
      spec_hash      bytea NOT NULL,
      needs          text[] COLLATE "C" NOT NULL DEFAULT '{}',
      wanted_by      text[] COLLATE "C" NOT NULL DEFAULT '{}',    -- the same edges, the other way round
      irreversible   boolean NOT NULL DEFAULT false,
      single_tx      boolean NOT NULL DEFAULT false,  -- its program is one `transaction`: it may ride
      host           text,                            -- the only one that may run it
      local          boolean NOT NULL DEFAULT false,  -- it has files or programs: it runs where the run was submitted
      state          text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','running','backoff','waiting',
                       'in_doubt','blocked','done','skipped','failed','undoing','undone','undo_failed')),
      ready          boolean NOT NULL DEFAULT false,  -- a hint for the index; claims prove it again from needs
      done_by        text CHECK (done_by IN ('engine','probe','person','carried')),
      fence          bigint NOT NULL DEFAULT 0,
      phase          integer NOT NULL DEFAULT 1,
      attempt        integer NOT NULL DEFAULT 0,      -- holdings so far, both directions
      retry_from     integer NOT NULL DEFAULT 0,      -- the retry policy counts attempts after this one
      not_before     timestamptz NOT NULL DEFAULT '-infinity',
      due_at         timestamptz,                     -- a deferred phase waits for this moment
      reason         text,                            -- why it waits, is blocked, skipped, failed: no row values
      changed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
      CHECK ((state = 'done') = (done_by IS NOT NULL)),
      PRIMARY KEY (run_id, step)) WITH (fillfactor = 70);
    CREATE INDEX step_ready ON caisson.step (run_id, ord)
      WHERE ready AND state IN ('pending','backoff','waiting','in_doubt');
    CREATE INDEX step_dormant ON caisson.step (run_id, ord) WHERE NOT ready AND state = 'pending';

    -- What a step's first phase was certain to be when the run was created or amended: another program is drift.
    CREATE TABLE caisson.shown (
      run_id         uuid NOT NULL,
      step           text COLLATE "C" NOT NULL,
      operations     jsonb NOT NULL,
      PRIMARY KEY (run_id, step),
      FOREIGN KEY (run_id, step) REFERENCES caisson.step ON DELETE CASCADE);

    -- What a phase compiled to; committed before its first operation runs.
    CREATE TABLE caisson.program (
      run_id         uuid NOT NULL,
      step           text COLLATE "C" NOT NULL,
      phase          integer NOT NULL,
      attempt        integer NOT NULL,                -- recompiled: a new row
      fence          bigint NOT NULL,                 -- 0: compiled with the run, before any claim
      direction      text NOT NULL DEFAULT 'forward' CHECK (direction IN ('forward','undo')),
      name           text NOT NULL,
      operations     jsonb NOT NULL,
      undo           jsonb NOT NULL,
      carry          jsonb NOT NULL DEFAULT '{}',
      facts_digest   bytea,
      findings       jsonb NOT NULL DEFAULT '[]',
      compiled_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (run_id, step, phase, attempt),
      FOREIGN KEY (run_id, step) REFERENCES caisson.step ON DELETE CASCADE);

    -- One per leaf operation, one per slice: the row every work transaction updates first.
    CREATE TABLE caisson.task (
      run_id         uuid NOT NULL,
      step           text COLLATE "C" NOT NULL,
      task           integer NOT NULL,                -- number within the step, in the order of insertion
      phase          integer NOT NULL,
      attempt        integer NOT NULL,                -- of the program
      direction      text NOT NULL DEFAULT 'forward' CHECK (direction IN ('forward','undo')),
      undoes         integer,                         -- the forward task an undo task takes back
      operation      text NOT NULL,                   -- the operation's stable id
      slice          integer NOT NULL DEFAULT 0,
      bounds         jsonb,                           -- the slice's range, bound as $slice
      kind           text NOT NULL,
      title          text,
      pace           text,                            -- how its time grows with its relations
      state          text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','intent','running','in_doubt','done',
                       'skipped','blocked','undoing','undone','undo_failed')),
      fence          bigint NOT NULL DEFAULT 0,
      intent         jsonb,                           -- object, statement digest, expected state, backend pid and start
      cursor         jsonb,
      chunks         bigint NOT NULL DEFAULT 0,       -- +1 per committed chunk: settles a COMMIT whose answer was lost
      -- of the last work transaction: pg_xact_status(xid) settles it too
      xid            xid8,
      done_rows      numeric NOT NULL DEFAULT 0,
      total_rows     numeric,
      result         jsonb,
      undo_state     jsonb,                           -- what the undo needs and only the work knew
      -- Where the log stood, and when, as its work began; what that took, NULL where nobody was there to see.
      lsn            pg_lsn, began_at timestamptz,
      spent          double precision DEFAULT 0,
      wal            numeric,
      stall          double precision,                -- milliseconds that others may have waited for its lock
      changed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (run_id, step, task),
      FOREIGN KEY (run_id, step) REFERENCES caisson.step ON DELETE CASCADE)
      WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200,
            autovacuum_vacuum_cost_delay = 0);
    """#
}
