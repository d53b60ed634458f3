extension JournalSchema {
  /// Canonical bytes of an event, sealing, verification and the guard that keeps history append-only.
  static let chainFunctions = #"""
    -- Turns "no row" into an error, so that a pipelined transaction dies with it.
    CREATE FUNCTION caisson.must(ok boolean, why text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
    BEGIN
      IF ok IS NOT TRUE THEN RAISE EXCEPTION 'caisson: %', why USING ERRCODE = 'CA001'; END IF;
    END $$;

    -- No time zone, no date style, no float.
    CREATE FUNCTION caisson.event_bytes(seq bigint, id bigint, at timestamptz, run_id uuid, step text, task integer,
      fence bigint, kind text, actor text, db_user text, data jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
      SELECT convert_to(jsonb_build_array(1, seq, id, (extract(epoch FROM at) * 1000000)::bigint, run_id, step, task,
        fence, kind, actor, db_user, data)::text, 'UTF8') $$;
    CREATE FUNCTION caisson.chain_next(state bytea, head bytea, row_bytes bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS
      $$ SELECT sha256(coalesce(state, head) || row_bytes) $$;
    -- Running, as a window function.
    CREATE AGGREGATE caisson.chain(head bytea, row_bytes bytea) (SFUNC = caisson.chain_next, STYPE = bytea);

    -- Seals up to n committed events; 0: nothing to do; -1: another sealer is at work. In a transaction of its own.
    -- Lock, then look: the events must be read by a statement that starts after the head is locked.
    -- By place, not by id: nobody else changes events, and without statistics a join by id compares all with all.
    CREATE FUNCTION caisson.seal_events(n integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE h caisson.seal; k integer; last_hash bytea;
    BEGIN
      SELECT * INTO h FROM caisson.seal FOR UPDATE SKIP LOCKED;
      IF NOT FOUND THEN RETURN -1; END IF;
      WITH pick AS MATERIALIZED (
        SELECT e.*, h.seq + row_number() OVER (ORDER BY e.id) AS new_seq
        FROM (SELECT ctid AS place, * FROM caisson.event WHERE seq IS NULL ORDER BY id LIMIT n) e),
      hashed AS MATERIALIZED (
        SELECT p.place, p.new_seq, caisson.chain(h.hash, caisson.event_bytes(p.new_seq, p.id, p.at, p.run_id, p.step,
          p.task, p.fence, p.kind, p.actor, p.db_user, p.data)) OVER (ORDER BY p.new_seq) AS new_hash FROM pick p),
      done AS (UPDATE caisson.event e SET seq = x.new_seq, hash = x.new_hash
        FROM hashed x WHERE e.ctid = x.place RETURNING 1)
      SELECT (SELECT count(*) FROM done), (SELECT new_hash FROM hashed ORDER BY new_seq DESC LIMIT 1) INTO k, last_hash;
      IF k > 0 THEN
        UPDATE caisson.seal SET seq = h.seq + k, hash = last_hash, sealed_at = clock_timestamp();
      END IF;
      RETURN k;
    END $$;

    -- Rows that contradict the chain (none: sound), over the sealed part and the anchors.
    CREATE FUNCTION caisson.verify_chain() RETURNS TABLE (seq bigint, wrong text) LANGUAGE sql STABLE AS $$
      WITH link AS (
        SELECT e.seq AS first_seq, e.seq AS last_seq, e.hash, NULL::bytea AS hash_before, e.id, e.at, e.run_id, e.step,
               e.task, e.fence, e.kind, e.actor, e.db_user, e.data
        FROM caisson.event e WHERE e.seq IS NOT NULL
        UNION ALL
        SELECT a.first_seq, a.last_seq, a.hash_after, a.hash_before, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
               NULL, NULL FROM caisson.anchor a),
      w AS (SELECT l.*, lag(l.last_seq) OVER o AS p_seq, lag(l.hash) OVER o AS p_hash
            FROM link l WINDOW o AS (ORDER BY l.first_seq)),
      bad AS (
        SELECT w.first_seq, CASE
          WHEN w.first_seq <> coalesce(w.p_seq, 0) + 1
            THEN 'missing: ' || (coalesce(w.p_seq, 0) + 1) || ' to ' || (w.first_seq - 1)
          WHEN w.id IS NULL AND w.hash_before IS DISTINCT FROM coalesce(w.p_hash, g.h) THEN 'anchor does not join'
          WHEN w.id IS NOT NULL AND w.hash IS DISTINCT FROM sha256(coalesce(w.p_hash, g.h) || caisson.event_bytes(
               w.first_seq, w.id, w.at, w.run_id, w.step, w.task, w.fence, w.kind, w.actor, w.db_user, w.data))
            THEN 'changed' END AS wrong
        FROM w, LATERAL (SELECT sha256(convert_to(m.journal_id::text, 'UTF8')) AS h FROM caisson.meta m) g)
      SELECT first_seq, wrong FROM bad WHERE wrong IS NOT NULL
      UNION ALL
      SELECT s.seq, 'head differs' FROM caisson.seal s WHERE s.seq > 0 AND NOT EXISTS
        (SELECT FROM link l WHERE l.last_seq = s.seq AND l.hash = s.hash)
      ORDER BY 1 $$;

    CREATE FUNCTION caisson.event_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND OLD.seq IS NOT NULL AND EXISTS
         (SELECT FROM caisson.anchor a WHERE OLD.seq BETWEEN a.first_seq AND a.last_seq) THEN RETURN OLD; END IF;
      RAISE EXCEPTION 'caisson.event is append-only (% refused)', TG_OP USING ERRCODE = 'CA002';
    END $$;
    CREATE TRIGGER guard BEFORE DELETE ON caisson.event
      FOR EACH ROW EXECUTE FUNCTION caisson.event_guard();
    -- Sealing is the one change allowed, and so frequent that a function call for each row would be half of its cost.
    CREATE TRIGGER guard_update BEFORE UPDATE ON caisson.event FOR EACH ROW
      WHEN (OLD.seq IS NOT NULL OR NEW.seq IS NULL
        OR (NEW.id, NEW.at, NEW.run_id, NEW.step, NEW.task, NEW.fence, NEW.kind, NEW.actor, NEW.db_user, NEW.data)
          IS DISTINCT FROM (OLD.id, OLD.at, OLD.run_id, OLD.step, OLD.task, OLD.fence, OLD.kind, OLD.actor,
                            OLD.db_user, OLD.data))
      EXECUTE FUNCTION caisson.event_guard();
    CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON caisson.event
      FOR EACH STATEMENT EXECUTE FUNCTION caisson.event_guard();

    -- What was voted, judged, amended or pruned is recorded by the functions that do it, in their owner's name.
    CREATE FUNCTION caisson.event_voice() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
      IF pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE') THEN
        RETURN NEW; END IF;
      RAISE EXCEPTION 'caisson: nobody records % by hand', NEW.kind USING ERRCODE = '42501';
    END $$;
    CREATE TRIGGER guard_voice BEFORE INSERT ON caisson.event FOR EACH ROW
      WHEN (starts_with(NEW.kind, 'gate.') OR starts_with(NEW.kind, 'journal.')
        OR NEW.kind IN ('run.created', 'run.amended'))
      EXECUTE FUNCTION caisson.event_voice();
    """#
}
