import PluginAPI
import PostgresClient

/// The moment for a PAUSE. It cuts off a pool's login to its server, and PgBouncer takes that for a login that failed: once
/// resumed, whoever asks the pool while it has no server is turned away, for `server_login_retry` (15 s unless set) at most
/// (PgBouncer 1.18.0 to 1.25.2, `disconnect_server` and `check_fast_fail`). A pool logs in once at a time.
struct PoolLogins {
  /// As the console calls it; `nil`: all of them.
  let pool: String?

  /// `nil`: the command is no PAUSE.
  init?(_ work: AdminWork) {
    guard work.command.uppercased().hasPrefix("PAUSE") else { return nil }
    pool = work.probe?.row["name"]
  }

  /// Waits until none is under way, on the connection that PAUSE goes over next; a server that lets nobody in is paused
  /// all the same.
  func end(on console: Connection, within limit: Duration) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline, try await areUnderWay(console) {
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  private func areUnderWay(_ console: Connection) async throws -> Bool {
    let pools = try await console.script("SHOW POOLS").last?.rows ?? []
    return pools.contains { (pool == nil || $0["database"] == pool) && $0["sv_login"] != "0" }
  }
}
