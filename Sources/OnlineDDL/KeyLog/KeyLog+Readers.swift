public import PluginAPI

extension KeyLog {
  /// The last transaction that wrote the copy, by this log's own record; NULL: none yet.
  public var lastWriter: SQL { "SELECT written FROM \(id: state)" }

  /// One row `(ok, why)`: whether nobody can still read the copy by a snapshot that misses some of it. Asked before
  /// the lock until it is so, and again under it. Sessions that queue for our locks do not count: their statements take
  /// a new snapshot when they get on. Not seen: standbys, and what a queued EXECUTE or STABLE function reads.
  ///
  /// A transaction sees other sessions as they were when it first looked, unless it says otherwise.
  public var oldReaders: SQL {
    """
    WITH fresh AS MATERIALIZED (
      SELECT pg_catalog.pg_stat_clear_snapshot()
    ), last AS MATERIALIZED (
      SELECT t.written FROM \(id: state) t
      WHERE (SELECT count(*) FROM fresh) > 0
        AND t.written > pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint - 2000000000
    ), readers AS (
      SELECT a.pid, a.usename, a.application_name, a.state, a.xact_start
      FROM pg_catalog.pg_stat_activity a, (SELECT max(written) AS written FROM last) AS last
      WHERE (SELECT count(*) FROM last) > 0
        AND a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
        AND COALESCE(a.backend_type, 'client backend') = 'client backend'
        AND pg_catalog.age(a.backend_xmin) >= pg_catalog.age((last.written % 4294967296)::text::xid)
        AND NOT pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids(a.pid))
    )
    SELECT count(*) = 0 AS ok, 'older than the copy: ' || string_agg(pg_catalog.format('%s (user %s%s%s)', pid, usename,
      CASE WHEN application_name <> '' THEN ', application ' || application_name END,
      CASE WHEN state IS NOT NULL THEN pg_catalog.format(', %s for %s s', state,
        extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)::int) END), '; ' ORDER BY pid) AS why
    FROM readers
    """
  }

  /// One row `(nulls, below, above)`: rows of the source that no leaf from `lowest` to below `highest` (constants of
  /// the partition key's type; `nil`: open) would take. Counted up to `most`. Without a default leaf each of them makes
  /// the copy fail.
  public func strayRows(from lowest: SQL?, upto highest: SQL?, most: Int = 10_000) -> SQL {
    let key = "s." + Quoting.identifier(partitionKey.name)
    func count(_ condition: String) -> SQL {
      """
      (SELECT count(*) FROM (
        SELECT FROM \(id: source) AS s WHERE \(sql: condition) LIMIT \(sql: "\(most)")) x)
      """
    }
    return """
      SELECT \(sql: count("\(key) IS NULL")) AS nulls,
        \(sql: lowest.map { count("\(key) < \($0.text)") } ?? "0::bigint") AS below,
        \(sql: highest.map { count("\(key) >= \($0.text)") } ?? "0::bigint") AS above
      """
  }
}
