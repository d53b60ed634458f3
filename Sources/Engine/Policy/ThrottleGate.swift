import PlanModel
import PluginAPI
import PlanSchema
import PostgresClient
import SQLText

/// The one place that decides whether work has to wait for the rest of the system: each chunk, and each member of a
/// `parallel` (partitions that are indexed, validated, vacuumed) before it begins.
struct ThrottleGate: Sendable {
  let policy: Policy.Throttle
  private let wal = WALMeter()

  init(_ policy: Policy.Throttle) { self.policy = policy }

  /// `nil`: go on; otherwise why not now.
  func reason(on connection: Connection) async throws -> String? {
    if let limit = policy.replicaLag, let lag = try await replicaLag(on: connection), lag > Double(limit.milliseconds) {
      return "a replica is \(Int(lag)) ms behind (limit \(limit))"
    }
    if let limit = policy.activeSessions, let count = try await number(Self.activeSessions, on: connection), Int(count) > limit {
      return "\(Int(count)) sessions are active (limit \(limit))"
    }
    if let limit = policy.walRate, let rate = try await wal.rate(on: connection), rate > Double(limit.bytes) {
      return "WAL grows by \(Int(rate)) bytes a second (limit \(limit))"
    }
    if let query = policy.query, try await connection.query(SQL(verbatim: query.text)).value == "f" {
      return "the throttle query says no"
    }
    return nil
  }

  /// Until it may go on, or the run is to stop. `look` asks for the reason.
  func wait(_ shop: Workshop, _ step: PlanStep, _ look: () async throws -> String?) async throws {
    while let reason = try await look() {
      shop.reporter(.stepState(step: step.id, state: "running", note: "throttled: \(reason)"))
      await shop.stop.sleep(milliseconds: 500)
      if shop.stop.isRequested { throw Interrupted() }
    }
  }

  /// After work that took so long: the application has the machine to itself for some multiple of it, a minute at most.
  func rest(after took: Duration, _ shop: Workshop, _ step: PlanStep) async throws {
    guard let ratio = policy.niceRatio else { return }
    let pause = min(took * ratio, .seconds(60))
    shop.reporter(.stepState(step: step.id, state: "running", note: "resting for \(pause.milliseconds) ms"))
    await shop.stop.sleep(milliseconds: pause.milliseconds)
    if shop.stop.isRequested { throw Interrupted() }
  }

  private func replicaLag(on connection: Connection) async throws -> Double? {
    try await number(Self.replicaLag, on: connection)
  }

  private func number(_ query: SQL, on connection: Connection) async throws -> Double? {
    try await connection.preparedQuery(query).value.flatMap(Double.init)
  }

  /// An idle primary reports NULL: nothing is behind. Without pg_monitor the columns are NULL too.
  private static let replicaLag: SQL = """
    SELECT max(extract(epoch FROM replay_lag) * 1000) FROM pg_stat_replication WHERE state = 'streaming'
    """
  private static let activeSessions: SQL = """
    SELECT count(*) FROM pg_stat_activity
    WHERE state = 'active' AND backend_type = 'client backend' AND application_name NOT LIKE 'caisson%'
    """
}

/// Bytes of WAL a second since the last look.
private actor WALMeter {
  private var last: (position: Double, at: ContinuousClock.Instant)?

  func rate(on connection: Connection) async throws -> Double? {
    let text = try await connection.query("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").value
    guard let position = text.flatMap(Double.init) else { return nil }
    let now = ContinuousClock.now
    defer { last = (position, now) }
    guard let last, (now - last.at).milliseconds > 0 else { return nil }
    return (position - last.position) * 1_000 / Double((now - last.at).milliseconds)
  }
}

extension Policy {
  /// For work whose plan the server makes parallel: one process of the server's, as long as it has to hold back. VACUUM
  /// and ANALYZE, which nobody can pause, sleep as often as autovacuum does by default (PostgreSQL documentation,
  /// "Cost-based Vacuum Delay"). `maintenance_work_mem` stays: less of it makes the same work longer.
  var holdingBack: [Setting] {
    guard throttle.sparesTheServer else { return [] }
    return [
      Setting("max_parallel_maintenance_workers", "0"), Setting("max_parallel_workers_per_gather", "0"),
      Setting("vacuum_cost_delay", "2ms"),
    ]
  }
}
