import PluginAPI

/// Rows `(done, total, what)` about the backend `$pid` while it builds an index.
enum BuildProgress {
  static let query: SQL = """
    SELECT CASE WHEN p.lockers_total > 0 AND p.phase LIKE 'waiting%' THEN p.lockers_done
        WHEN p.blocks_total > 0 AND p.phase NOT LIKE '%loading%' THEN p.blocks_done ELSE p.tuples_done END AS done,
      CASE WHEN p.lockers_total > 0 AND p.phase LIKE 'waiting%' THEN p.lockers_total
        WHEN p.blocks_total > 0 AND p.phase NOT LIKE '%loading%' THEN p.blocks_total
        ELSE nullif(p.tuples_total, 0) END AS total,
      p.phase || CASE WHEN p.current_locker_pid > 0 THEN ': backend ' || p.current_locker_pid ELSE '' END AS what
    FROM pg_stat_progress_create_index p WHERE p.pid = $pid
    """
}
