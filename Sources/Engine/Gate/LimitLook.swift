import Glibc
import PlanModel
import PlanSchema
import PostgresClient
import SQLText

/// Whether one of the environment's limits is passed.
struct LimitLook {
  let limits: Limits
  let connection: Connection

  /// Why work has to stop; `nil`: it may go on.
  func problem() async throws -> String? {
    if let most = limits.slotWal, let problem = try await slotProblem(most) { return problem }
    guard let least = limits.freeDisk else { return nil }
    let free = try await freeDisk()
    return free < least.bytes ? "\(free >> 20) MB are free where the server keeps its data, \(least) have to be" : nil
  }

  private func slotProblem(_ most: ByteSize) async throws -> String? {
    let rows = try await connection.query(
      """
      SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint AS held FROM pg_replication_slots
      WHERE restart_lsn IS NOT NULL ORDER BY 2 DESC LIMIT 1
      """).rows
    guard let row = rows.first, let held = row["held"].flatMap({ Int64($0) }), held > most.bytes else { return nil }
    return "slot \(row["slot_name"] ?? "?") holds back \(held >> 20) MB of WAL, \(most) are allowed"
  }

  /// No function of the server's tells it; where the server is on this host its folder does.
  private func freeDisk() async throws -> Int64 {
    let rows = try await connection.query(
      """
      SELECT current_setting('data_directory') AS folder,
        inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr() AS here
      """).rows
    var about = statvfs()
    guard let folder = rows.first?["folder"], rows.first?["here"] == "t", statvfs(folder, &about) == 0 else {
      throw EngineError(
        .refused, "free disk is seen from the server's own host only",
        hint: "run caisson there, or leave limits.free_disk out")
    }
    return Int64(about.f_bavail) * Int64(about.f_frsize)
  }
}
