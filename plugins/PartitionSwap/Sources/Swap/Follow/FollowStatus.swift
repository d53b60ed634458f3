import PluginAPI

/// What `caisson status` says about ways back.
enum FollowStatus {
  /// Entries take what they have taken so far, or a tenth of a millisecond each; comparing reads both tables, about three
  /// microseconds a row (measured: 0.7 for each hash, and reading).
  static let query = StatusQuery(
    "partition_swaps", of: [FollowRegister.table],
    """
    SELECT n.source || ' can go back to ' || n.old || ' until ' || to_char(s.until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
        || ' UTC: ' || coalesce(b.entries, 0) || CASE WHEN b.entries >= 1000000 THEN ' or more' ELSE '' END || ' changes wait ('
        || pg_size_pretty(coalesce(b.bytes, 0)) || ' of ' || pg_size_pretty(s.max_log) || '), '
        || CASE s.drain WHEN 'worker' THEN 'drained ' || round(extract(epoch FROM now() - s.drained_at)) || ' s ago'
          ELSE 'drained by the rollback' END
        || ', going back takes about ' || greatest(1, ceil(e.seconds)) || ' s'
        || coalesce('; ROLLBACK IS BARRED by rows that ' || s.conflict || ' of ' || n.old || ' forbids, since '
          || to_char(s.conflict_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', '')
        || coalesce('; ' || s.unsure || ': going back compares every row and brings over what differs', '')
        || CASE WHEN b.bytes > s.max_log THEN '; THE LOG IS LARGER THAN max_log' ELSE '' END
        || CASE WHEN i.is_late THEN '; NO WORKER DRAINS IT: caisson worker' ELSE '' END AS line,
      jsonb_build_object('table', s.source, 'old', s.old, 'until', s.until, 'backlog', b.entries, 'log_bytes', b.bytes,
        'max_log_bytes', s.max_log, 'drain', s.drain, 'drained_at', s.drained_at, 'rollback_seconds', round(e.seconds::numeric, 1),
        'conflict', s.conflict, 'conflict_at', s.conflict_at, 'unsure', s.unsure, 'over_limit', b.bytes > s.max_log,
        'late', i.is_late) AS detail
    FROM \(id: FollowRegister.table) s
    CROSS JOIN LATERAL (SELECT replace(s.source, '"', '') AS source, replace(s.old, '"', '') AS old) n
    CROSS JOIN LATERAL \(id: FollowRegister.backlog)(s.source) b
    CROSS JOIN LATERAL (
      SELECT (coalesce(b.entries, 0) * CASE WHEN s.entries > 0 THEN s.milliseconds / s.entries ELSE 0.1 END
        + CASE WHEN s.is_compared OR s.unsure IS NOT NULL THEN greatest(0, coalesce(c.reltuples, 0)) * 0.003 ELSE 0 END) / 1000
        AS seconds
      FROM (SELECT to_regclass(s.old) AS oid) o LEFT JOIN pg_class c ON c.oid = o.oid) e
    CROSS JOIN LATERAL (
      SELECT s.drain = 'worker' AND b.entries > 0 AND s.drained_at < now() - s.every * 3 - interval '1 minute' AS is_late) i
    ORDER BY s.source
    """)
}
