import PluginAPI

/// What `caisson status` says about retention: for each table, since when its rows were free to go the last time.
enum RetentionStatus {
  static let query = StatusQuery(
    "retention", of: [RetentionCutoff.store],
    """
    SELECT n.name || ': ' || n.mode || ' what is from before ' || n.cutoff || ', decided '
        || to_char(n.noted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC (' || n.days || ' days ago)' AS line,
      jsonb_build_object('table', n.name, 'mode', n.mode, 'cutoff', n.cutoff, 'noted_at', n.noted_at, 'days_ago', n.days)
        AS detail
    FROM (
      SELECT DISTINCT ON (r.relation, r.mode) r.*,
        coalesce((SELECT s.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
          WHERE c.oid = to_regclass(r.relation)), r.relation) AS name,
        greatest(0, floor(extract(epoch FROM now() - r.noted_at) / 86400))::int8 AS days
      FROM \(id: RetentionCutoff.store) AS r ORDER BY r.relation, r.mode, r.noted_at DESC) AS n
    ORDER BY n.name, n.mode
    """)
}
