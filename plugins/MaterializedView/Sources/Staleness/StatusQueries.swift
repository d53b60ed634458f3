import PluginAPI

/// What `caisson status` says about views and rollups.
enum StatusQueries {
  static let all = [views, rollups]

  private static let views = StatusQuery(
    "materialized_views", of: [StalenessStore.staleness],
    """
    SELECT s.view || CASE
        WHEN s.as_of IS NULL THEN ' was not refreshed yet'
        ELSE ' was refreshed at ' || to_char(s.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
          || coalesce(' in ' || round(extract(epoch FROM s.duration), 1) || ' s', '') || coalesce(', ' || s.rows || ' rows', '') END
      || coalesce(', the last try failed (' || s.failure || ')', '')
      || CASE WHEN s.dirty_since IS NULL THEN ''
        ELSE ', changed ' || greatest(0, round(extract(epoch FROM now() - s.dirty_since))) || ' s ago, ' || s.marks || ' marks' END
      || CASE WHEN s.promise IS NOT NULL THEN ', promised within ' || extract(epoch FROM s.promise)::int8 || ' s'
          || CASE WHEN s.staleness > s.promise THEN ': OVERDUE' ELSE '' END
        ELSE '' END AS line,
      jsonb_build_object('view', s.view, 'as_of', s.as_of, 'refreshed_at', s.refreshed_at, 'failure', s.failure,
        'duration_seconds', extract(epoch FROM s.duration), 'rows', s.rows, 'marks', s.marks, 'dirty_since', s.dirty_since,
        'staleness_seconds', extract(epoch FROM s.staleness), 'min_interval_seconds', extract(epoch FROM s.min_interval),
        'promise_seconds', extract(epoch FROM s.promise)) AS detail
    FROM \(id: StalenessStore.staleness) s ORDER BY s.view
    """)

  private static let rollups = StatusQuery(
    "rollups", of: [RollupStore.rollup, RollupStore.period],
    """
    SELECT c.rollup || ' has ' || c.periods || ' periods, ' || c.closed || ' closed'
        || coalesce(', computed at ' || to_char(c.computed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', '')
        || CASE WHEN c.differing > 0 THEN ', ' || c.differing || ' not what the query gives any more' ELSE '' END AS line,
      jsonb_build_object('rollup', c.rollup, 'periods', c.periods, 'closed', c.closed, 'rows', c.rows,
        'computed_at', c.computed_at, 'differing', c.differing) AS detail
    FROM (
      SELECT r.rollup, count(p.starts) AS periods, max(p.computed_at) AS computed_at, coalesce(sum(p.rows), 0)::int8 AS rows,
        count(*) FILTER (WHERE (p.ends AT TIME ZONE r.timezone) + r.closed_after <= now()) AS closed,
        count(*) FILTER (WHERE p.differs) AS differing
      FROM \(id: RollupStore.rollup) r LEFT JOIN \(id: RollupStore.period) p ON p.rollup = r.rollup
      GROUP BY r.rollup) c ORDER BY c.rollup
    """)
}
