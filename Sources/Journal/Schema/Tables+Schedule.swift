extension JournalSchema {
  /// When steps are run again by themselves, and every moment that came.
  static let scheduleTables = #"""
    -- One row for each scheduled step of a plan on a target; its lock orders whoever records or claims its firings.
    CREATE TABLE caisson.schedule (
      schedule_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      target         text NOT NULL,
      plan_name      text NOT NULL,
      environment    text NOT NULL,
      step           text COLLATE "C" NOT NULL,
      plan_hash      bytea NOT NULL REFERENCES caisson.plan,    -- whose step a firing carries out
      cron           text, zone text, every interval,
      overlap        text NOT NULL CHECK (overlap IN ('skip','queue')),
      catch_up       text NOT NULL CHECK (catch_up IN ('none','latest','all')),
      next_at        timestamptz,                     -- the first moment that is no firing yet; NULL: it never comes
      last_at        timestamptz,                     -- the latest moment that is
      paused_at      timestamptz, paused_by text, paused_reason text,
      retired_at     timestamptz,                     -- the plan has the schedule no more
      CHECK ((cron IS NULL) = (zone IS NULL) AND (cron IS NULL) <> (every IS NULL)),
      CHECK ((paused_at IS NULL) = (paused_by IS NULL)),
      UNIQUE (target, plan_name, environment, step)) WITH (fillfactor = 70);

    -- A moment that came: fired once, or left out with the reason.
    CREATE TABLE caisson.firing (
      firing_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      schedule_id    bigint NOT NULL REFERENCES caisson.schedule ON DELETE CASCADE,
      due_at         timestamptz NOT NULL,
      extra          boolean NOT NULL DEFAULT false,  -- not of the schedule: a person asked for it
      state          text NOT NULL DEFAULT 'due' CHECK (state IN ('due','running','done','failed','skipped',
                       'nothing_to_do')),
      moments        integer NOT NULL DEFAULT 1,      -- how many a skipped row stands for
      reason         text,
      run_id         uuid,                            -- no foreign key: survives pruning of its run
      requested_by   text,
      runner_id      uuid, fence bigint, until timestamptz,     -- who carries it out, and for how long
      recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
      ended_at       timestamptz,
      CHECK ((state = 'running') = (until IS NOT NULL)),
      CHECK ((state IN ('due','running')) = (ended_at IS NULL)),
      UNIQUE (schedule_id, due_at)) WITH (fillfactor = 70);
    CREATE UNIQUE INDEX firing_one_running ON caisson.firing (schedule_id) WHERE state = 'running';
    CREATE INDEX firing_unfinished ON caisson.firing (due_at) WHERE state IN ('due','running');
    """#
}
