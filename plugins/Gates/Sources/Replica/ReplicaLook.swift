import PlanSchema
import PluginAPI
import SQLText

/// What the primary says of its standbys, and what of it is a reason to wait.
struct ReplicaLook {
  let wanted: GateReplica.Parameters

  /// Others see that there are standbys, and nothing about them.
  func maySee(_ facts: any Facts) async throws -> Bool {
    try await facts.rows("SELECT pg_has_role('pg_read_all_stats', 'USAGE')").first?[0] == "t"
  }

  /// A base backup is a WAL sender too, and no standby.
  func standings(_ facts: any Facts) async throws -> [StandbyStanding] {
    let rows = try await facts.rows(
      """
      SELECT coalesce(r.application_name, '') AS name, coalesce(r.state, 'unknown') AS state,
        greatest(pg_wal_lsn_diff(w.here, coalesce(r.replay_lsn, r.flush_lsn)), 0)::bigint AS bytes,
        (extract(epoch FROM r.replay_lag) * 1000)::bigint AS lag
      FROM pg_stat_replication r, (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
        ELSE pg_current_wal_lsn() END AS here) w
      WHERE r.state IS DISTINCT FROM 'backup' ORDER BY 1
      """)
    let all = try rows.map(StandbyStanding.init)
    return wanted.names.isEmpty ? all : all.filter { wanted.names.contains($0.name) }
  }

  func problems(_ found: [StandbyStanding]) -> [String] {
    var problems = wanted.names.filter { name in !found.contains { $0.name == name } }.map {
      "standby \($0) is not connected"
    }
    if wanted.names.isEmpty, found.count < wanted.atLeast {
      let count = found.isEmpty ? "no standby is connected" : "\(found.count) of \(wanted.atLeast) standbys are connected"
      problems.append(count)
    }
    return problems + found.compactMap { $0.problem(wanted.maxLagBytes, wanted.maxLag) }
  }

  /// A slot without a consumer keeps WAL until the disk is full, or until the server gives it up.
  func slotProblems(_ facts: any Facts) async throws -> [String] {
    guard !wanted.slots.isEmpty else { return [] }
    let rows = try await facts.rows(
      """
      SELECT n.name, s.slot_name IS NOT NULL AS there, coalesce(s.active, false) AS active,
        coalesce(s.wal_status, '') AS status, coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
          THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, s.restart_lsn), 0)::bigint AS held
      FROM unnest(\(wanted.slots)::text[]) AS n(name) LEFT JOIN pg_replication_slots s ON s.slot_name = n.name ORDER BY 1
      """)
    return try rows.compactMap { row in
      let name = try row.string("name"), held = ByteSize(bytes: try row.int64("held"))
      if try !row.bool("there") { return "there is no replication slot \(name)" }
      if try row.string("status") == "lost" {
        return "slot \(name) has lost its WAL: drop it and build its standby anew"
      }
      if try !row.bool("active") { return "slot \(name) has no consumer and holds \(held.readable) of WAL" }
      guard let most = wanted.maxSlotWal, held > most else { return nil }
      return "slot \(name) holds \(held.readable) of WAL, \(most) are allowed"
    }
  }
}
