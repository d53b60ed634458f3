package import PostgresClient
import SQLText

/// Is this the database the journal was installed for? Asked at every connect, before anything is written.
package enum CloneCheck: Sendable, Hashable {
  case same
  /// A physical copy, a restore or a template: what differs, in words.
  case copy(differs: [String])
  /// The same place under another declared name.
  case otherName(recorded: String)
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
    if !differs.isEmpty {
      if recorded != target { differs.append("target \(target) instead of \(recorded)") }
      return .copy(differs: differs)
    }
    if recorded != target { return .otherName(recorded: recorded) }
    let before = try row.int("timeline"), now = try row.int("timeline_now")
    return before == now ? .same : .newTimeline(recorded: before, now: now)
  }

  /// What keeps this engine from writing here; `nil`: nothing.
  package var refusal: JournalError? {
    switch self {
    case .same: nil
    case .copy(let differs):
      JournalError(
        .elsewhere, "this journal came here by a copy or restore (\(differs.joined(separator: ", ")))",
        hint: "`caisson journal adopt --as NAME` makes it this database's own and voids leases and approvals")
    case .otherName(let recorded):
      JournalError(
        .elsewhere, "this database's journal was installed for the target \(recorded)",
        hint: "use that name, or `caisson journal adopt --as NAME`")
    case .newTimeline(let recorded, let now):
      JournalError(
        .elsewhere, "the server was promoted or recovered since (timeline \(now), recorded \(recorded))",
        hint: "`caisson journal reattach` after making sure that this is the right primary")
    }
  }
}
