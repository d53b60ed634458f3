package import PostgresClient
import SQLText

/// Is this the database the journal was installed for? Asked at every connect, before anything is written.
package enum CloneCheck: Sendable, Hashable {
  case same
  /// A physical copy, a restore or a template under a name of its own: what differs, in words.
  case copy(of: String, as: String, differs: [String])
  /// Under its own name in another cluster or database: restored, upgraded with pg_upgrade, moved.
  case moved(differs: [String])
  /// The same cluster after a promotion or a recovery to a point in time.
  case newTimeline(recorded: Int, now: Int)

  package static func run(on connection: Connection, target: String) async throws -> CloneCheck {
    let result = try await connection.query(
      """
      SELECT m.system_id = c.system_identifier::text AS same_cluster, m.database_oid = d.oid AS same_database,
        m.target_name, m.timeline, \(sql: JournalSchema.timeline) AS timeline_now
      FROM caisson.meta m, pg_control_system() c, pg_database d WHERE d.datname = current_database()
      """)
    guard let row = result.rows.first else {
      throw JournalError(.unreadable, "caisson.meta is empty", hint: "restore the journal from a backup")
    }
    var differs: [String] = []
    if try !row.bool("same_cluster") { differs.append("another cluster") }
    if try !row.bool("same_database") { differs.append("another database of that number") }
    let recorded = try row.string("target_name")
    if recorded != target { return .copy(of: recorded, as: target, differs: differs) }
    if !differs.isEmpty { return .moved(differs: differs) }
    let before = try row.int("timeline"), now = try row.int("timeline_now")
    return before == now ? .same : .newTimeline(recorded: before, now: now)
  }

  /// What keeps this engine from writing here; `nil`: nothing.
  package var refusal: JournalError? {
    switch self {
    case .same: nil
    case .copy(let original, let name, let differs):
      JournalError(
        .elsewhere,
        "this journal belongs to the target \(original)"
          + (differs.isEmpty ? "" : " and came here by a copy or restore (\(differs.joined(separator: ", ")))"),
        hint: "is it the right database? As a copy that shall be \(name) it is adopted: leases, approvals and evidence "
          + "of \(original) are void then",
        command: ["journal adopt", "--as", name, "--reason", "…"])
    case .moved(let differs):
      JournalError(
        .elsewhere, "this journal was written elsewhere (\(differs.joined(separator: ", ")))",
        hint: "if this is the same database after a restore, pg_upgrade or move, and the old one is gone for good, "
          + "reattach it; a copy beside it needs an environment of its own",
        command: ["journal reattach", "--reason", "…"])
    case .newTimeline(let recorded, let now):
      JournalError(
        .elsewhere, "the server was promoted or recovered since (timeline \(now), recorded \(recorded))",
        hint: "make sure that this is the right primary and that nobody writes to the old one, then reattach",
        command: ["journal reattach", "--reason", "…"])
    }
  }
}
