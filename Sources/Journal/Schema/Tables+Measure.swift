extension JournalSchema {
  /// What steps took, and what was foretold of a run.
  static let measureTables = #"""
    -- One row for each way of a step that names relations or took its time. All of it is computed again from the tasks
    -- and attempts whenever the step ends: a step that was killed and resumed counts nothing twice.
    CREATE TABLE caisson.measure (
      run_id         uuid NOT NULL,
      step           text COLLATE "C" NOT NULL,
      direction      text NOT NULL DEFAULT 'forward' CHECK (direction IN ('forward','undo')),
      began_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
      ended_at       timestamptz,
      seconds        double precision,                -- it was held: all attempts, up to the last sign of life of each
      busy_seconds   double precision,                -- its operations took: more than `seconds` where some run side by side
      rows           numeric,
      wal_bytes      numeric,                         -- the cluster wrote while its operations were at work, others' too
      disk_bytes     numeric,                         -- the relations it names grew
      stall_ms       double precision,                -- the longest wait and hold of a lock that others wait for
      named          jsonb NOT NULL DEFAULT '[]',     -- [schema, name] of what its programs name
      relations      jsonb NOT NULL DEFAULT '{}',     -- by name, as they were when it first began
      relations_after jsonb NOT NULL DEFAULT '{}',
      work           jsonb NOT NULL DEFAULT '{}',     -- by how it grows with its relations
      PRIMARY KEY (run_id, step, direction),
      FOREIGN KEY (run_id, step) REFERENCES caisson.step ON DELETE CASCADE);

    -- Made before a run's first step; compared with its measures afterwards.
    CREATE TABLE caisson.forecast (
      run_id         uuid PRIMARY KEY REFERENCES caisson.run ON DELETE CASCADE,
      made_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
      body           jsonb NOT NULL);
    """#
}
