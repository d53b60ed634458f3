extension JournalSchema {
  /// Who holds what, and with which outcome: leases, attempts, resources.
  static let holdingTables = #"""
    -- Exists exactly while a step is held; never touched by a work transaction.
    CREATE TABLE caisson.lease (
      run_id         uuid NOT NULL,
      step           text COLLATE "C" NOT NULL,
      fence          bigint NOT NULL,
      runner_id      uuid NOT NULL REFERENCES caisson.runner,
      until          timestamptz NOT NULL,            -- not indexed: renewals stay HOT
      PRIMARY KEY (run_id, step),
      FOREIGN KEY (run_id, step) REFERENCES caisson.step ON DELETE CASCADE)
      WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200,
            autovacuum_vacuum_cost_delay = 0);

    -- One holding of a step, one terminal outcome. No foreign key and no second index: written in every step's
    -- transaction.
    CREATE TABLE caisson.attempt (
      run_id         uuid NOT NULL,
      step           text COLLATE "C" NOT NULL,
      attempt        integer NOT NULL,
      fence          bigint NOT NULL,
      direction      text NOT NULL DEFAULT 'forward' CHECK (direction IN ('forward','undo')),
      runner_id      uuid NOT NULL,
      backend_pid    integer, backend_start timestamptz, timeline integer,
      started_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
      ended_at       timestamptz,
      outcome        text CHECK (outcome IN
        ('ok','error','timeout','canceled','fenced','abandoned','in_doubt','waiting')),
      sqlstate       text, error jsonb,
      CHECK ((outcome IS NULL) = (ended_at IS NULL)),
      PRIMARY KEY (run_id, step, attempt));

    -- A name; holders of one mode share it, so many at once as the capacity says (NULL: any number).
    CREATE TABLE caisson.resource (
      name           text COLLATE "C" PRIMARY KEY,
      capacity       integer CHECK (capacity > 0)) WITH (fillfactor = 50);
    -- Holders of one name share one mode ('exclusive' shares with nobody).
    CREATE TABLE caisson.resource_hold (
      name           text COLLATE "C" NOT NULL REFERENCES caisson.resource,
      fence          bigint NOT NULL,                 -- valid while it is the step's fence and the step has a lease
      run_id         uuid NOT NULL,
      step           text COLLATE "C" NOT NULL,
      mode           text NOT NULL DEFAULT 'exclusive',
      PRIMARY KEY (name, fence),
      FOREIGN KEY (run_id, step) REFERENCES caisson.step ON DELETE CASCADE);
    CREATE INDEX resource_hold_step ON caisson.resource_hold (run_id, step);
    """#
}
