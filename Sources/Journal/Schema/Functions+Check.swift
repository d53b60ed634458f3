extension JournalSchema {
  /// Invariants as rows of problems, read in one snapshot; none: sound. Codes are those of `Invariant`.
  static let checkFunctions = #"""
    CREATE FUNCTION caisson.check_journal() RETURNS TABLE (code text, run_id uuid, step text, detail text)
    LANGUAGE sql STABLE AS $$
      SELECT 'lease.missing', s.run_id, s.step, 'the step is ' || s.state || ' and has no lease'
      FROM caisson.step s WHERE s.state IN ('running','undoing')
        AND NOT EXISTS (SELECT FROM caisson.lease l WHERE l.run_id = s.run_id AND l.step = s.step)
      UNION ALL
      SELECT 'lease.stray', s.run_id, s.step, 'the step is ' || s.state || ' and has a lease'
      FROM caisson.lease l JOIN caisson.step s USING (run_id, step) WHERE s.state NOT IN ('running','undoing')
      UNION ALL
      SELECT 'lease.fence', s.run_id, s.step, 'lease ' || l.fence || ', step ' || s.fence
      FROM caisson.lease l JOIN caisson.step s USING (run_id, step) WHERE l.fence <> s.fence
      UNION ALL
      SELECT 'attempt.missing', l.run_id, l.step, 'no open attempt for fence ' || l.fence
      FROM caisson.lease l WHERE NOT EXISTS (SELECT FROM caisson.attempt a
        WHERE a.run_id = l.run_id AND a.step = l.step AND a.fence = l.fence AND a.outcome IS NULL)
      UNION ALL
      SELECT 'attempt.open', a.run_id, a.step, 'attempt ' || a.attempt || ' is open and nobody holds the step under it'
      FROM caisson.attempt a WHERE a.outcome IS NULL AND NOT EXISTS (SELECT FROM caisson.lease l
        WHERE l.run_id = a.run_id AND l.step = a.step AND l.fence = a.fence)
      UNION ALL
      SELECT 'attempt.outcome', s.run_id, s.step, 'done by the engine without an attempt that says ok'
      FROM caisson.step s WHERE s.state = 'done' AND s.done_by = 'engine' AND NOT EXISTS (SELECT FROM caisson.attempt a
        WHERE a.run_id = s.run_id AND a.step = s.step AND a.fence = s.fence AND a.outcome = 'ok')
      UNION ALL
      SELECT 'attempt.count', s.run_id, s.step, 'the step counts ' || s.attempt || ' attempts, recorded are ' ||
        count(a)
      FROM caisson.step s LEFT JOIN caisson.attempt a USING (run_id, step)
      GROUP BY s.run_id, s.step, s.attempt HAVING count(a) <> s.attempt
      UNION ALL
      SELECT 'fence.twice', NULL, NULL, 'fence ' || a.fence || ' was given ' || count(*) || ' times'
      FROM caisson.attempt a GROUP BY a.fence HAVING count(*) > 1
      UNION ALL
      SELECT 'fence.order', q.run_id, q.step, 'attempt ' || q.attempt || ' has fence ' || q.fence || ' after ' || q.before
      FROM (SELECT a.run_id, a.step, a.attempt, a.fence,
          lag(a.fence) OVER (PARTITION BY a.run_id, a.step ORDER BY a.attempt) AS before FROM caisson.attempt a) q
      WHERE q.fence <= q.before
      UNION ALL
      SELECT 'fence.sequence', NULL, NULL, 'the sequence stands at ' || f.last_value || ', given was ' || m.fence
      FROM caisson.fence f, (SELECT max(s.fence) AS fence FROM caisson.step s) m WHERE m.fence > f.last_value
      UNION ALL
      SELECT 'needs.unmet', s.run_id, s.step, 'the step is ' || s.state || ', and ' || n || ' is ' ||
        coalesce(d.state, 'missing')
      FROM caisson.step s JOIN caisson.run r USING (run_id) CROSS JOIN unnest(s.needs) n
        LEFT JOIN caisson.step d ON d.run_id = s.run_id AND d.step = n COLLATE "C"
      WHERE s.state IN ('running','done') AND s.done_by IS DISTINCT FROM 'person'
        AND s.done_by IS DISTINCT FROM 'carried'
        AND r.state NOT IN ('undoing','rolled_back','rollback_failed')
        AND (d.state IS NULL OR d.state NOT IN ('done','skipped'))
        -- A phase that was put off is taken up long after what needed the step.
        AND NOT (d.phase > 1 AND EXISTS (SELECT FROM caisson.attempt a WHERE a.run_id = d.run_id AND a.step = d.step
          AND a.direction = 'forward' AND a.outcome = 'ok'))
      UNION ALL
      SELECT 'undo.order', s.run_id, s.step, 'undone before ' || w
      FROM caisson.step s JOIN caisson.run r USING (run_id), LATERAL caisson.undo_waits_for(s.run_id, s.step) w
      WHERE s.state IN ('undoing','undone') AND s.attempt > 0 AND r.state IN ('undoing','rolled_back','rollback_failed')
      UNION ALL
      SELECT 'task.fence', t.run_id, t.step, 'task ' || t.task || ' has fence ' || t.fence || ', the step ' || s.fence
      FROM caisson.task t JOIN caisson.step s USING (run_id, step)
      WHERE s.state IN ('running','undoing') AND caisson.unfinished(t.state) AND t.fence <> s.fence
      UNION ALL
      SELECT 'task.unfinished', t.run_id, t.step, 'the step is ' || s.state || ', task ' || t.task || ' is ' || t.state
      FROM caisson.task t JOIN caisson.step s USING (run_id, step)
      WHERE s.state IN ('done','skipped','undone') AND (s.done_by IS NULL OR s.done_by IN ('engine','probe'))
        AND (t.state = 'blocked' OR caisson.unfinished(t.state))
      UNION ALL
      SELECT 'task.doubt', t.run_id, t.step, 'the run is ' || r.state || ', task ' || t.task || ' is ' || t.state
      FROM caisson.task t JOIN caisson.run r USING (run_id)
      WHERE r.state IN ('succeeded','rolled_back') AND t.state IN ('intent','in_doubt')
      UNION ALL
      SELECT 'task.gap', t.run_id, t.step, count(*) || ' tasks, the last is number ' || max(t.task)
      FROM caisson.task t GROUP BY t.run_id, t.step HAVING count(*) <> max(t.task) OR min(t.task) <> 1
      UNION ALL
      SELECT 'task.chunks', t.run_id, t.step, 'task ' || t.task || ' has a cursor and no chunk'
      FROM caisson.task t WHERE t.kind = 'chunked' AND t.cursor IS NOT NULL AND t.chunks = 0 AND t.state = 'done'
      UNION ALL
      SELECT 'event.missing', s.run_id, s.step, 'done under fence ' || s.fence || ' without an event'
      FROM caisson.step s WHERE s.state = 'done' AND s.done_by = 'engine' AND NOT EXISTS (SELECT FROM caisson.event e
        WHERE e.run_id = s.run_id AND e.step = s.step AND e.fence = s.fence AND e.kind = 'step.done')
      UNION ALL
      SELECT 'run.unfinished', r.run_id, s.step, 'the run is ' || r.state || ', the step ' || s.state
      FROM caisson.run r JOIN caisson.step s USING (run_id)
      WHERE (r.state = 'succeeded' AND s.state NOT IN ('done','skipped'))
         OR (r.state = 'rolled_back' AND caisson.needs_undo(s.state, s.attempt))
         OR (r.state IN ('canceled','superseded') AND s.state IN ('running','undoing'))
      UNION ALL
      SELECT 'resource.orphan', h.run_id, h.step, h.name || ' is held under fence ' || h.fence || ', which nobody has'
      FROM caisson.resource_hold h WHERE NOT EXISTS (SELECT FROM caisson.lease l
        WHERE l.run_id = h.run_id AND l.step = h.step AND l.fence = h.fence)
      UNION ALL
      SELECT 'resource.over', NULL, NULL, h.name || ' has ' || count(*) || ' holders, capacity is ' || coalesce(r.capacity::text, 'any')
      FROM caisson.resource_hold h JOIN caisson.resource r USING (name)
      GROUP BY h.name, r.capacity HAVING (count(*) > 1 AND bool_or(h.mode = 'exclusive'))
        OR count(DISTINCT h.mode) > 1 OR count(*) > r.capacity
      UNION ALL
      SELECT 'event.gap', NULL, NULL, 'sealed numbers miss ' || (q.first_seq - q.before - 1) || ' before ' ||
        q.first_seq
      FROM (SELECT x.first_seq, coalesce(lag(x.last_seq) OVER (ORDER BY x.first_seq), 0) AS before FROM (
        SELECT e.seq AS first_seq, e.seq AS last_seq FROM caisson.event e WHERE e.seq IS NOT NULL
        UNION ALL SELECT a.first_seq, a.last_seq FROM caisson.anchor a) x) q
      WHERE q.first_seq <> q.before + 1
      UNION ALL
      SELECT 'firing.run', f.run_id, s.step, 'the firing due at ' || f.due_at || ' is done and has no run'
      FROM caisson.firing f JOIN caisson.schedule s USING (schedule_id) WHERE f.state = 'done' AND f.run_id IS NULL
      UNION ALL
      SELECT 'firing.twice', f.run_id, min(s.step), count(*) || ' firings are done by one run'
      FROM caisson.firing f JOIN caisson.schedule s USING (schedule_id) WHERE f.state = 'done'
      GROUP BY f.run_id HAVING count(*) > 1
      UNION ALL
      SELECT 'firing.order', f.run_id, s.step, 'the firing due at ' || f.due_at || ' waits and its moment is still to come'
      FROM caisson.firing f JOIN caisson.schedule s USING (schedule_id)
      WHERE f.state = 'due' AND NOT f.extra AND s.next_at <= f.due_at
      UNION ALL
      SELECT 'event.head', NULL, NULL, 'the head says ' || s.seq
      FROM caisson.seal s WHERE s.seq <> greatest((SELECT coalesce(max(e.seq), 0) FROM caisson.event e),
        (SELECT coalesce(max(a.last_seq), 0) FROM caisson.anchor a))
    $$;
    """#
}
