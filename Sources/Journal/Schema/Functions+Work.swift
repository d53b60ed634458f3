extension JournalSchema {
  /// Programs and their tasks, written under the step's lock.
  static let workFunctions = #"""
    -- Appends tasks in the order of the array; the caller has locked the step. Returns the number of the first.
    CREATE FUNCTION caisson.append_tasks(run uuid, step_name text, my_fence bigint, phase_no integer, program integer,
      way text, tasks jsonb) RETURNS integer LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    DECLARE base integer;
    BEGIN
      SELECT coalesce(max(t.task), 0) INTO base FROM caisson.task t WHERE t.run_id = run AND t.step = step_name COLLATE "C";
      INSERT INTO caisson.task (run_id, step, task, phase, attempt, direction, undoes, operation, slice, bounds, kind,
        title, fence, cursor, total_rows, pace)
      SELECT run, step_name, base + x.place, phase_no, program, way, x.undoes, x.operation, coalesce(x.slice, 0),
        x.bounds, x.kind, x.title, my_fence, x.cursor, x.total, x.pace
      FROM ROWS FROM (jsonb_to_recordset(tasks) AS (undoes integer, operation text, slice integer, bounds jsonb,
        kind text, title text, cursor jsonb, total numeric, pace text)) WITH ORDINALITY
        AS x(undoes, operation, slice, bounds, kind, title, cursor, total, pace, place);
      RETURN base + 1;
    END $$;

    -- A compiled phase, before its first operation runs. No row: replaced. Compiling a phase again voids what its older
    -- program had not begun; a task in doubt forbids it (CA003): its probe decides first.
    CREATE FUNCTION caisson.put_program(run uuid, step_name text, my_fence bigint, phase_no integer, way text,
      title text, ops jsonb, undo_ops jsonb, handed jsonb, digest bytea, remarks jsonb, tasks jsonb, actor text,
      touched jsonb)
    RETURNS TABLE (attempt integer, first_task integer, tasks_added integer)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    #variable_conflict use_column
    DECLARE a integer;
    BEGIN
      UPDATE caisson.step s SET phase = CASE way WHEN 'forward' THEN phase_no ELSE s.phase END
       WHERE s.run_id = run AND s.step = step_name COLLATE "C" AND s.fence = my_fence
         AND s.state = CASE way WHEN 'forward' THEN 'running' ELSE 'undoing' END;
      IF NOT FOUND THEN RETURN; END IF;
      IF EXISTS (SELECT FROM caisson.task t WHERE t.run_id = run AND t.step = step_name COLLATE "C" AND t.phase = phase_no
                 AND t.direction = way AND t.state IN ('intent','in_doubt')) THEN
        RAISE EXCEPTION 'caisson: step % has a task in doubt', step_name USING ERRCODE = 'CA003'; END IF;
      UPDATE caisson.task t SET state = 'skipped', changed_at = clock_timestamp() WHERE t.run_id = run
        AND t.step = step_name COLLATE "C" AND t.phase = phase_no AND t.direction = way AND t.state IN ('pending','running');
      SELECT coalesce(max(p.attempt), 0) + 1 INTO a FROM caisson.program p
       WHERE p.run_id = run AND p.step = step_name COLLATE "C" AND p.phase = phase_no;
      INSERT INTO caisson.program (run_id, step, phase, attempt, fence, direction, name, operations, undo, carry,
        facts_digest, findings)
      VALUES (run, step_name, phase_no, a, my_fence, way, title, ops, undo_ops, handed, digest, remarks);
      INSERT INTO caisson.event (run_id, step, fence, kind, actor, data)
      VALUES (run, step_name, my_fence, 'phase.compiled', actor, jsonb_build_object('phase', phase_no, 'name', title,
        'attempt', a, 'direction', way, 'tasks', jsonb_array_length(tasks)));
      IF touched <> '[]' THEN PERFORM caisson.begin_measure(run, step_name, way, touched); END IF;
      RETURN QUERY SELECT a, caisson.append_tasks(run, step_name, my_fence, phase_no, a, way, tasks),
        jsonb_array_length(tasks);
    END $$;

    -- Slices found while a phase runs. No row: replaced.
    CREATE FUNCTION caisson.add_tasks(run uuid, step_name text, my_fence bigint, phase_no integer, program integer,
      way text, tasks jsonb) RETURNS TABLE (first_task integer, tasks_added integer)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
    BEGIN
      PERFORM 1 FROM caisson.step s WHERE s.run_id = run AND s.step = step_name COLLATE "C" AND s.fence = my_fence
        AND s.state IN ('running','undoing') FOR NO KEY UPDATE;
      IF NOT FOUND THEN RETURN; END IF;
      RETURN QUERY SELECT caisson.append_tasks(run, step_name, my_fence, phase_no, program, way, tasks),
        jsonb_array_length(tasks);
    END $$;
    """#
}
