public import PluginAPI

/// Waits, before a concurrent build is begun, for the sessions it would wait for anyway: once it has begun, it holds
/// its own place in the queue of DDL, and giving up leaves an invalid index.
public enum OldSnapshots {
  /// A transaction younger than this is left to the build itself; there is always one.
  package static let patience = TimeSpan.seconds(5)

  public static func wait(before index: IndexDefinition, id: String, deadline: TimeSpan) -> Operation {
    .wait(
      id: id, title: "wait for old snapshots before building \(index.name)", until: blockers(of: index.table),
      deadline: deadline, every: .seconds(1))
  }

  /// One row `(ok, why, pids)`. Snapshots of this database, whatever table they read; writers and prepared transactions on
  /// the table itself. Vacuum, and builds of plain indexes, do not hold a build up.
  package static func blockers(of table: QualifiedName, olderThan age: TimeSpan = patience) -> SQL {
    """
    WITH target AS (
      SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = \(table.schema) AND c.relname = \(table.name)
    ), relations AS (
      SELECT oid FROM target UNION SELECT t.relid FROM target, pg_partition_tree(target.oid) t
    ), blockers AS (
      SELECT a.pid, a.pid::text AS who, a.usename::text AS usename, a.application_name, a.state, a.xact_start,
        CASE WHEN a.backend_xmin IS NOT NULL THEN 'holds a snapshot' ELSE 'has written to the table' END AS why
      FROM pg_stat_activity a
      WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
        AND a.xact_start < clock_timestamp() - \("\(age.milliseconds) ms")::interval
        AND a.backend_type <> 'autovacuum worker'
        AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum v WHERE v.pid = a.pid)
        AND NOT EXISTS (
          SELECT FROM pg_stat_progress_create_index p JOIN pg_index i ON i.indexrelid = p.index_relid
          WHERE p.pid = a.pid AND p.command = 'CREATE INDEX CONCURRENTLY' AND i.indpred IS NULL AND i.indexprs IS NULL)
        AND (a.backend_xmin IS NOT NULL OR EXISTS (
          SELECT FROM pg_locks l JOIN relations r ON r.oid = l.relation
          WHERE l.pid = a.pid AND l.granted AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock',
            'ExclusiveLock', 'AccessExclusiveLock')))
      UNION ALL
      SELECT NULL, 'prepared transaction ' || quote_literal(x.gid), x.owner::text, '', 'prepared', x.prepared,
        'has written to the table'
      FROM pg_prepared_xacts x
      WHERE x.database = current_database() AND EXISTS (
        SELECT FROM pg_locks own JOIN pg_locks l ON l.pid IS NULL AND l.virtualtransaction = own.virtualtransaction
        JOIN relations r ON r.oid = l.relation
        WHERE own.pid IS NULL AND own.locktype = 'transactionid' AND own.transactionid = x.transaction)
    )
    SELECT count(*) = 0 AS ok, string_agg(format('%s (user %s%s, %s) %s for %s s', who, usename,
      CASE WHEN application_name <> '' THEN ', application ' || application_name ELSE '' END, state, why,
      extract(epoch FROM clock_timestamp() - xact_start)::int), '; ' ORDER BY xact_start) AS why,
      string_agg(pid::text, ' ') AS pids
    FROM blockers
    """
  }
}
