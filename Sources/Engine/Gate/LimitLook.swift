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
    let short = try await disks().filter { $0.free < least.bytes }.min { $0.free < $1.free }
    return short.map { "\($0.free >> 20) MB are free \($0.what), \(least) have to be" }
  }

  /// Where the server keeps its data; `nil`: that cannot be seen from here.
  func freeForData() async throws -> Int64? { try await disks().first?.free }

  private func slotProblem(_ most: ByteSize) async throws -> String? {
    let rows = try await connection.query(
      """
      SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint AS held FROM pg_replication_slots
      WHERE restart_lsn IS NOT NULL ORDER BY 2 DESC LIMIT 1
      """).rows
    guard let row = rows.first, let held = row["held"].flatMap({ Int64($0) }), held > most.bytes else { return nil }
    return "slot \(row["slot_name"] ?? "?") holds back \(held >> 20) MB of WAL, \(most) are allowed"
  }

  /// No function of the server's tells it; where the server is on this host its folders do: of the data, of the WAL, and of
  /// each tablespace that this database uses.
  private func disks() async throws -> [(what: String, free: Int64)] {
    let rows = try await folders()
    guard let data = rows.first?["folder"], rows.first?["here"] == "t", let free = Self.free(in: data) else {
      throw EngineError(
        .refused, "free disk is seen from the server's own host only",
        hint: "run caisson there, or leave limits.free_disk out")
    }
    // What is closed to this account is left out: the data's own folder is what has to be seen.
    let others = rows.map { row in
      row["space"].map { ("in tablespace \($0)", row["place"] ?? "") } ?? ("for the WAL", data + "/pg_wal")
    }
    return [("where the server keeps its data", free)] + others.compactMap { what, place in
      Self.disk(of: place) == Self.disk(of: data) ? nil : Self.free(in: place).map { (what, $0) }
    }
  }

  private func folders() async throws -> [Row] {
    do {
      return try await connection.query(
        """
        SELECT current_setting('data_directory') AS folder, s.spcname AS space, pg_tablespace_location(s.oid) AS place,
          inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr() AS here
        FROM (SELECT NULL::oid AS oid, NULL::name AS spcname UNION ALL
          SELECT t.oid, t.spcname FROM pg_tablespace t WHERE pg_tablespace_location(t.oid) <> ''
            AND (t.oid IN (SELECT reltablespace FROM pg_class)
              OR t.oid = (SELECT dattablespace FROM pg_database WHERE datname = current_database()))) s
        ORDER BY s.oid NULLS FIRST
        """).rows
    } catch {
      guard error.sqlState == "42501" else { throw error }
      throw EngineError(
        .refused, "the role that connects may not see where the server keeps its data",
        hint: "GRANT pg_read_all_settings TO it, or leave limits.free_disk out", sqlState: error.sqlState)
    }
  }

  private static func disk(of folder: String) -> dev_t? {
    var about = stat()
    return stat(folder, &about) == 0 ? about.st_dev : nil
  }

  private static func free(in folder: String) -> Int64? {
    var about = statvfs()
    guard statvfs(folder, &about) == 0 else { return nil }
    return Int64(about.f_bavail) * Int64(about.f_frsize)
  }
}
