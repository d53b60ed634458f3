extension JournalSchema {
  /// The event log with its chain, gates and evidence.
  static let historyTables = #"""
    -- Append-only; id orders appends (gaps are normal), seq is given by the sealer.
    CREATE TABLE caisson.event (
      id             bigint GENERATED ALWAYS AS IDENTITY,   -- two indexes see an append: event_unsealed, event_run
      seq            bigint,
      hash           bytea,
      at             timestamptz NOT NULL DEFAULT clock_timestamp(),
      run_id         uuid, step text COLLATE "C", task integer, fence bigint,
      kind           text NOT NULL,
      actor          text NOT NULL,
      db_user        text NOT NULL DEFAULT session_user,
      data           jsonb NOT NULL DEFAULT '{}',
      CHECK ((seq IS NULL) = (hash IS NULL)))
      WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_scale_factor = 0.05);
    CREATE UNIQUE INDEX event_seq ON caisson.event (seq) WHERE seq IS NOT NULL;
    CREATE UNIQUE INDEX event_unsealed ON caisson.event (id) WHERE seq IS NULL;
    CREATE INDEX event_run ON caisson.event (run_id, id);

    -- Head of the chain; its row lock elects the sealer.
    CREATE TABLE caisson.seal (
      one            boolean PRIMARY KEY DEFAULT true CHECK (one),
      seq            bigint NOT NULL DEFAULT 0,
      hash           bytea NOT NULL,
      sealed_at      timestamptz NOT NULL DEFAULT clock_timestamp()) WITH (fillfactor = 20);
    -- A stretch of the chain that was pruned; verification steps over it.
    CREATE TABLE caisson.anchor (
      first_seq      bigint PRIMARY KEY,
      last_seq       bigint NOT NULL CHECK (last_seq >= first_seq),
      hash_before    bytea NOT NULL,
      hash_after     bytea NOT NULL,
      pruned_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
      pruned_by      text NOT NULL DEFAULT session_user);

    CREATE TABLE caisson.gate (
      run_id         uuid NOT NULL REFERENCES caisson.run ON DELETE CASCADE,
      gate           text NOT NULL,                   -- 'release' and 'run': the whole run's; 'step:NAME', 'gate:NAME'
      kind           text NOT NULL,                   -- approval: voted on; all others are judged by runners
      spec           jsonb NOT NULL,
      bound_hash     bytea NOT NULL,                  -- an approval counts for this plan hash only
      state          text NOT NULL DEFAULT 'closed' CHECK (state IN ('closed','open','overridden')),
      reason         text, next_at timestamptz,
      decided_by     text, decided_role text, decided_at timestamptz,
      PRIMARY KEY (run_id, gate));

    -- Survives pruning of its run: no foreign key.
    -- One role, one vote.
    CREATE TABLE caisson.approval (
      run_id         uuid NOT NULL,
      gate           text NOT NULL,
      by_role        text NOT NULL DEFAULT session_user,
      actor          text NOT NULL,
      reason         text,
      at             timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (run_id, gate, by_role),
      FOREIGN KEY (run_id, gate) REFERENCES caisson.gate ON DELETE CASCADE);

    -- What this target's runs have proven, and copies of what other targets have, one for each run they let begin here.
    CREATE TABLE caisson.evidence (
      evidence_id    uuid NOT NULL DEFAULT gen_random_uuid(),
      admits         uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',  -- zero: proven here
      run_id         uuid NOT NULL,
      release_hash   bytea NOT NULL,
      environment    text NOT NULL,
      target         text NOT NULL,
      system_id      text NOT NULL,
      verified_at    timestamptz NOT NULL,
      body           jsonb NOT NULL,
      signer         text, signature bytea,
      void           boolean NOT NULL DEFAULT false,  -- by adopt
      PRIMARY KEY (evidence_id, admits));
    CREATE INDEX evidence_release ON caisson.evidence (release_hash, environment) WHERE NOT void;
    """#
}
