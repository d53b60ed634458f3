public import SQLText

/// An index build that is going on in this database.
public struct BuildFacts: Sendable, Hashable {
  public var pid: Int64
  /// `nil` where this role may not see other sessions' statistics.
  public var user: String?
  public var application: String?
  public var phase: String?
  public var index: QualifiedName?
}

extension CatalogSource {
  /// Builds on the table by other sessions. A build this role may not look into counts when its session holds the
  /// table's SHARE UPDATE EXCLUSIVE lock.
  public func builds(on table: RelationFacts) async throws -> [BuildFacts] {
    await consulted(table.name)
    return try await repeatedRows(
      """
      SELECT p.pid::int8 AS pid, a.usename AS user_name, a.application_name, p.phase, n.nspname AS schema,
        c.relname AS name
      FROM pg_stat_progress_create_index p
      LEFT JOIN pg_stat_activity a ON a.pid = p.pid
      LEFT JOIN pg_class c ON c.oid = p.index_relid
      LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE p.datname = current_database() AND p.pid <> pg_backend_pid()
        AND (p.relid = \(table.oid)::int8::oid OR p.relid IS NULL AND EXISTS (
          SELECT FROM pg_locks l WHERE l.pid = p.pid AND l.relation = \(table.oid)::int8::oid
            AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
            AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted))
      ORDER BY p.pid
      """
    ).map { row in
      BuildFacts(
        pid: try row.int64("pid"), user: row["user_name"], application: row["application_name"],
        phase: row["phase"], index: QualifiedName(row["schema"], row["name"]))
    }
  }

  /// Whether this role sees what other sessions do: their snapshots, users and progress.
  public func seesOtherSessions() async throws -> Bool {
    try await rows("SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees").first?.bool("sees") ?? false
  }
}
