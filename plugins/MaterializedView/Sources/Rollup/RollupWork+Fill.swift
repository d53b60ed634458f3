import PluginAPI

extension RollupWork {
  /// One period per transaction, in one snapshot: its rows are replaced by what the query gives, if that differs.
  func fill(keeping: Bool) -> Operation {
    let open = "p.rollup = \(key) AND (p.computed_at IS NULL OR NOT (\(isOld)))"
    let next = """
      SELECT p.starts, p.ends FROM \(periods) p
      WHERE \(open) AND ($cursor::jsonb IS NULL OR p.starts > ($cursor::jsonb->>'starts')::timestamp)
      ORDER BY p.starts LIMIT 1
      """
    let done = """
      WITH done AS (
        UPDATE \(periods) p SET computed_at = now(), differs = false, checked_at = now(),
          rows = (SELECT count(*) FROM \(table) t WHERE \(query.within(alias: "t")))
        WHERE p.rollup = \(key) AND p.starts = \(RollupQuery.low) RETURNING p.starts)
      SELECT (SELECT jsonb_build_object('starts', starts) FROM done) AS cursor, (SELECT count(*) FROM done) AS rows
      """
    let work = ChunkedWork(
      [bounds(next), replace(keeping: keeping), SQL(verbatim: done)], isolation: .repeatableRead,
      total: SQL(verbatim: "SELECT count(*) FROM \(periods) p WHERE \(open)"), size: 1, largestSize: 1,
      target: .seconds(1), settings: [Setting("plan_cache_mode", "force_custom_plan")])
    return .chunked(
      id: "fill", title: "compute \(keeping ? "the open periods" : "every period") of \(wanted.table)", work,
      locks: [RelationLock(.rowExclusive, wanted.table)], undo: .nothing)
  }

  /// Rows are inserted only when the last one is deleted: a unique index of the user's sees one set of them at a time.
  private func replace(keeping: Bool) -> SQL {
    let saving = keeping
      ? """
      , saved AS (
        INSERT INTO \(RollupStore.before(wanted.table).quoted) SELECT o.* FROM old o, verdict v WHERE v.differs)
      """ : ""
    return SQL(verbatim: """
      WITH new AS MATERIALIZED (\(query.ofPeriod)),
      old AS MATERIALIZED (SELECT \(query.quotedColumns) FROM \(table) AS t WHERE \(query.within(alias: "t"))),
      verdict AS MATERIALIZED (
        SELECT EXISTS ((TABLE new EXCEPT ALL TABLE old)) OR EXISTS ((TABLE old EXCEPT ALL TABLE new)) AS differs)\(saving),
      noted AS (
        UPDATE \(periods) p SET replaced_by = \(Quoting.literal(run)) FROM verdict v
        WHERE v.differs AND p.rollup = \(key) AND p.starts = \(RollupQuery.low)),
      gone AS (
        DELETE FROM \(table) AS t USING verdict v WHERE v.differs AND \(query.within(alias: "t")) RETURNING 1)
      INSERT INTO \(table) (\(query.quotedColumns))
      SELECT n.* FROM new n, verdict v WHERE v.differs AND (SELECT count(*) FROM gone) >= 0
      """)
  }

  // MARK: Checking

  /// All rows against the query as a whole, once: a query whose periods depend on each other shows here.
  var wholeCheck: Operation {
    let flag = """
      WITH whole AS MATERIALIZED (\(query.whole)),
      rolled AS MATERIALIZED (SELECT \(query.quotedColumns) FROM \(table) AS t),
      odd AS MATERIALIZED (
        (TABLE whole EXCEPT ALL TABLE rolled) UNION ALL (TABLE rolled EXCEPT ALL TABLE whole))
      UPDATE \(periods) p SET checked_at = now(),
        differs = EXISTS (SELECT FROM odd o WHERE \(query.within(alias: "o", from: "p.starts", to: "p.ends")))
      WHERE p.rollup = \(key)
      """
    return Operation(
      id: "check", title: "compare \(wanted.table) with the query as a whole",
      work: .transaction(
        TransactionWork(
          [
            TransactionStatement(SQL(verbatim: flag)),
            TransactionStatement(
              SQL(verbatim: """
                SELECT NOT EXISTS (SELECT FROM \(periods) p WHERE p.rollup = \(key) AND p.differs AND \(isOld))
                """),
              expect: .isTrue,
              message: "closed periods are not what the query gives as a whole: rows of one period must not depend on"
                + " another's"),
          ], isolation: .repeatableRead)),
      undo: .nothing)
  }

  /// A few old periods, those first that nobody has looked at for longest; what is found is said by the next runs.
  var sample: Operation {
    let next = """
      SELECT p.starts, p.ends FROM \(periods) p
      WHERE p.rollup = \(key) AND p.computed_at IS NOT NULL AND \(isOld)
        AND (p.checked_at IS NULL OR p.checked_at < ($cursor::jsonb->>'since')::timestamptz OR $cursor::jsonb IS NULL)
      ORDER BY p.checked_at NULLS FIRST, p.starts LIMIT 1
      """
    let compare = """
      WITH new AS MATERIALIZED (\(query.ofPeriod)),
      old AS MATERIALIZED (SELECT \(query.quotedColumns) FROM \(table) AS t WHERE \(query.within(alias: "t"))),
      looked AS (
        UPDATE \(periods) p SET checked_at = now(),
          differs = EXISTS ((TABLE new EXCEPT ALL TABLE old)) OR EXISTS ((TABLE old EXCEPT ALL TABLE new))
        WHERE p.rollup = \(key) AND p.starts = \(RollupQuery.low) RETURNING 1)
      SELECT CASE WHEN n.count < \(wanted.sample) AND EXISTS (SELECT FROM looked) THEN
          jsonb_build_object('since', coalesce($cursor::jsonb->>'since', now()::text), 'count', n.count) END AS cursor,
        (SELECT count(*) FROM looked) AS rows
      FROM (SELECT coalesce(($cursor::jsonb->>'count')::int, 0) + 1 AS count) AS n
      """
    let work = ChunkedWork(
      [bounds(next), SQL(verbatim: compare)], isolation: .repeatableRead, size: 1, largestSize: 1, target: .seconds(1),
      settings: [Setting("plan_cache_mode", "force_custom_plan")])
    return .chunked(
      id: "sample", title: "compare closed periods of \(wanted.table) with the query", work, undo: .nothing)
  }
}
