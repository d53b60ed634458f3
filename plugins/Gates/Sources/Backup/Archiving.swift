import PluginAPI
import SQLText

/// Whether the server archives its WAL: without it a backup can only be restored to its own end.
enum Archiving {
  /// Why not; `nil`: it does.
  static func problem(_ facts: any Facts) async throws -> String? {
    let rows = try await facts.rows(
      """
      SELECT current_setting('archive_mode') AS mode, coalesce(current_setting('archive_command', true), '') AS command,
        coalesce(current_setting('archive_library', true), '') AS library,
        a.last_failed_wal AS failed, a.last_failed_time IS NOT NULL
          AND a.last_failed_time >= coalesce(a.last_archived_time, '-infinity') AS failing,
        to_char(a.last_failed_time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') AS since
      FROM pg_stat_archiver a
      """)
    guard let row = rows.first else { return nil }
    if row["mode"] == "off" {
      return "archive_mode is off: WAL is not archived, so there is no way to a point in time; "
        + "it opens when archive_mode is on, which takes a restart"
    }
    // Only superusers and pg_read_all_settings see the command; the others are told what the archiver did.
    if row["command"] == "(disabled)" || (row["command"] == "" && row["library"] == "") {
      let isHidden = try await facts.rows("SELECT pg_has_role('pg_read_all_settings', 'USAGE')").first?[0] == "f"
      if !isHidden { return "archive_command is empty: WAL piles up and is not archived; it opens when it is set" }
    }
    guard try row.bool("failing") else { return nil }
    let since = "\(row["since"] ?? "?") (\(row["failed"] ?? "?"))"
    return "archiving fails since \(since); it opens when the server has archived again"
  }
}
