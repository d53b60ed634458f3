extension JournalSchema {
  /// Measures of a step: begun with its program, ended with it. They never fail the work that they are about. Planned anew
  /// for every step, as they would be since arrays of known length look cheaper, sizes took 0.8 ms instead of 0.25.
  static let measureFunctions = #"""
    -- Tables by name or number, each under its partitioned root: bytes with all that belongs to it, bytes without
    -- indexes, rows as the planner estimates them. Sizes take a lock for a moment: whoever has a stronger one is not
    -- waited for, the catalog's last word has to do.
    CREATE FUNCTION caisson.extent(named jsonb, numbers oid[]) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog SET lock_timeout = '10ms' SET plan_cache_mode = force_generic_plan AS $$
    DECLARE roots oid[]; sizes jsonb; page numeric := current_setting('block_size')::numeric;
    BEGIN
      WITH RECURSIVE up AS (
        SELECT c.oid, c.relispartition FROM pg_class c WHERE c.relkind IN ('r','p','m') AND c.oid = ANY (numbers || ARRAY(
          SELECT k.oid FROM jsonb_array_elements(named) x JOIN pg_namespace n ON n.nspname = (x ->> 0)::name
          JOIN pg_class k ON k.relnamespace = n.oid AND k.relname = (x ->> 1)::name))
        UNION
        SELECT c.oid, c.relispartition FROM up JOIN pg_inherits i ON i.inhrelid = up.oid AND up.relispartition
          JOIN pg_class c ON c.oid = i.inhparent)
      SELECT coalesce(array_agg(up.oid), '{}') INTO roots FROM up WHERE NOT up.relispartition;
      FOR attempt IN 1..2 LOOP
        BEGIN
          WITH RECURSIVE tree AS (
            SELECT r AS root, r AS oid FROM unnest(roots) r
            UNION ALL SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid),
          leaf AS MATERIALIZED (
            SELECT t.root, c.reltuples, c.relpages, CASE attempt WHEN 1 THEN pg_relation_size(c.oid) ELSE c.relpages * page END AS main,
              CASE attempt WHEN 1 THEN pg_table_size(c.oid) ELSE c.relpages * page END AS own,
              CASE attempt WHEN 1 THEN pg_total_relation_size(c.oid) ELSE c.relpages * page + (SELECT coalesce(
                sum(k.relpages), 0) * page FROM pg_index x JOIN pg_class k ON k.oid = x.indexrelid WHERE x.indrelid = c.oid) END AS whole
            FROM tree t JOIN pg_class c ON c.oid = t.oid AND c.relkind IN ('r','m')),
          one AS (
            SELECT l.root, sum(l.whole) AS whole, sum(l.own) AS own, CASE WHEN bool_and(l.main = 0 OR l.reltuples > 0)
              THEN sum(CASE WHEN l.relpages > 0 THEN l.reltuples::numeric * l.main / (l.relpages * page) ELSE 0 END) END AS n
            FROM leaf l GROUP BY l.root)
          SELECT coalesce(jsonb_object_agg(s.nspname || '.' || c.relname, jsonb_strip_nulls(jsonb_build_object('oid', c.oid::bigint,
            'bytes', coalesce(o.whole, 0), 'table_bytes', coalesce(o.own, 0), 'rows', round(o.n)))), '{}') INTO sizes
          FROM unnest(roots) r JOIN pg_class c ON c.oid = r JOIN pg_namespace s ON s.oid = c.relnamespace LEFT JOIN one o ON o.root = r;
          RETURN sizes;
        EXCEPTION WHEN others THEN NULL;
        END;
      END LOOP;
      RETURN '{}';
    END $$;

    -- The first time sizes are taken; a later phase adds what it names and no earlier one did.
    CREATE FUNCTION caisson.begin_measure(run uuid, step_name text, way text, names jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
    DECLARE m caisson.measure; fresh jsonb; added jsonb;
    BEGIN
      SELECT * INTO m FROM caisson.measure x WHERE x.run_id = run AND x.step = step_name COLLATE "C" AND x.direction = way;
      IF NOT FOUND THEN
        INSERT INTO caisson.measure (run_id, step, direction, named, relations)
        VALUES (run, step_name, way, names, caisson.extent(names, '{}'::oid[])) ON CONFLICT DO NOTHING;
        RETURN;
      END IF;
      SELECT jsonb_agg(x.n) INTO fresh FROM (
        SELECT n FROM jsonb_array_elements(names) n EXCEPT SELECT n FROM jsonb_array_elements(m.named) n) x;
      IF fresh IS NULL THEN RETURN; END IF;
      -- What bears a new name, or has come to be since, is nothing that was there before.
      SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') INTO added FROM jsonb_each(caisson.extent(fresh, '{}'::oid[])) f
       WHERE NOT EXISTS (SELECT FROM jsonb_each(m.relations) k WHERE k.value -> 'oid' = f.value -> 'oid')
         AND NOT EXISTS (SELECT FROM jsonb_array_elements(m.named) k WHERE (k ->> 0) || '.' || (k ->> 1) = f.key);
      UPDATE caisson.measure x SET named = x.named || fresh, relations = added || x.relations
       WHERE x.run_id = run AND x.step = step_name COLLATE "C" AND x.direction = way;
    END $$;

    -- The holding has ended. A step that names nothing and was quick leaves no row.
    CREATE FUNCTION caisson.end_measure(run uuid, step_name text, way text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
    DECLARE m caisson.measure; t record; held double precision; later jsonb; grown numeric;
    BEGIN
      SELECT * INTO m FROM caisson.measure x WHERE x.run_id = run AND x.step = step_name COLLATE "C" AND x.direction = way;
      SELECT sum(g.busy) AS busy, sum(g.n) AS n, sum(g.wal) AS wal, max(g.stall) AS stall, jsonb_object_agg(g.pace,
          jsonb_strip_nulls(jsonb_build_object('seconds', g.busy, 'tasks', g.tasks, 'rows', g.n, 'wal_bytes', g.wal,
            'stall_ms', g.stall, 'partial', nullif(g.partial, false)))) AS work
        INTO t FROM (SELECT coalesce(k.pace, 'scan') AS pace, sum(coalesce(k.spent, 0)) AS busy, sum(k.done_rows) AS n,
            sum(k.wal) AS wal, max(k.stall) AS stall, count(*) AS tasks, bool_or(k.spent IS NULL) AS partial
          FROM caisson.task k WHERE k.run_id = run AND k.step = step_name COLLATE "C" AND k.direction = way
            AND k.state IN ('done','undone') AND k.kind <> 'bracket' GROUP BY 1) g;
      SELECT sum(extract(epoch FROM greatest(interval '0', CASE a.outcome WHEN 'abandoned' THEN least(a.ended_at, x.seen_at)
          ELSE coalesce(a.ended_at, clock_timestamp()) END - a.started_at))) INTO held
        FROM caisson.attempt a LEFT JOIN caisson.runner x USING (runner_id)
       WHERE a.run_id = run AND a.step = step_name COLLATE "C" AND a.direction = way;
      IF m.run_id IS NULL AND coalesce(greatest(held, t.busy), 0) < 0.2 THEN RETURN; END IF;
      IF m.named <> '[]' THEN
        later := caisson.extent(m.named, (SELECT coalesce(array_agg((k.value ->> 'oid')::oid), '{}') FROM jsonb_each(m.relations) k));
        grown := (SELECT coalesce(sum((k.value ->> 'bytes')::numeric), 0) FROM jsonb_each(later) k)
          - (SELECT coalesce(sum((k.value ->> 'bytes')::numeric), 0) FROM jsonb_each(m.relations) k);
      END IF;
      INSERT INTO caisson.measure AS x (run_id, step, direction, ended_at, seconds, busy_seconds, rows, wal_bytes, disk_bytes,
        stall_ms, relations_after, work)
      VALUES (run, step_name, way, clock_timestamp(), greatest(held, 0), t.busy, t.n, t.wal, grown, t.stall, coalesce(later, '{}'),
        coalesce(t.work, '{}'))
      ON CONFLICT (run_id, step, direction) DO UPDATE SET ended_at = excluded.ended_at, seconds = excluded.seconds,
        busy_seconds = excluded.busy_seconds, rows = excluded.rows, wal_bytes = excluded.wal_bytes,
        disk_bytes = excluded.disk_bytes, stall_ms = excluded.stall_ms, relations_after = excluded.relations_after,
        work = excluded.work;
    END $$;

    -- A ride's end, last before COMMIT: its one task and its attempt took until now.
    CREATE FUNCTION caisson.ride_measured(run uuid, step_name text, stalls boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    BEGIN
      UPDATE caisson.task t SET spent = extract(epoch FROM clock_timestamp() - now()),
        wal = pg_wal_lsn_diff(pg_current_wal_insert_lsn(), t.lsn),
        stall = CASE WHEN stalls THEN extract(epoch FROM clock_timestamp() - now()) * 1000 END
       WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND t.state = 'done';
      UPDATE caisson.attempt a SET started_at = least(a.started_at, now()), ended_at = clock_timestamp()
       WHERE a.run_id = run AND a.step = step_name COLLATE "C" AND a.outcome = 'ok'
         AND a.fence = (SELECT s.fence FROM caisson.step s WHERE s.run_id = run AND s.step = step_name COLLATE "C");
      PERFORM caisson.end_measure(run, step_name, 'forward');
    END $$;
    """#
}
