package import PostgresClient
import SQLText

/// What `caisson journal reattach` recorded.
package struct Reattachment: Sendable, Hashable {
  /// Where the journal was, and is, as JSON text: `system_id, database_oid, timeline`.
  package let was: String
  package let now: String
  /// Above all fences anybody may know.
  package let fence: Int64
  /// Held steps whose leases ran out with it.
  package let leases: Int

  /// The same database after a failover, a restore, pg_upgrade or a move. `nil`: it is where it was, or it belongs to
  /// another target.
  package static func run(
    on connection: Connection, target: String, actor: String, reason: String
  ) async throws -> Reattachment? {
    let rows = try await connection.query("SELECT * FROM caisson.reattach(\(target), \(actor), \(reason))").rows
    return try rows.first.map {
      Reattachment(
        was: try $0.string("was"), now: try $0.string("is_now"), fence: try $0.int64("fence"),
        leases: try $0.int("leases"))
    }
  }
}

/// What `caisson journal adopt` voided.
package struct Adoption: Sendable, Hashable {
  package let was: String
  /// Runs of the original that were not over: paused.
  package let runs: [String]
  /// Steps that were held: in doubt.
  package let steps: Int
  package let approvals: Int
  package let evidence: Int
  package let schedules: Int

  /// A copy that shall live under another name. `nil`: it has that name.
  package static func run(
    on connection: Connection, target: String, actor: String, reason: String
  ) async throws -> Adoption? {
    let rows = try await connection.query("SELECT * FROM caisson.adopt(\(target), \(actor), \(reason))").rows
    return try rows.first.map {
      Adoption(
        was: try $0.string("was"), runs: try $0.strings("runs"), steps: try $0.int("steps"),
        approvals: try $0.int("approvals"), evidence: try $0.int("evidence"), schedules: try $0.int("schedules"))
    }
  }
}
