package import RunModel
package import SQLText

/// A gate of a run: the votes it has, or what a runner found when it last looked.
package struct GateRecord: Sendable, Hashable {
  /// `release` or `step:NAME`, which are voted on; `run` or `gate:NAME`, which runners judge.
  package let gate: String
  package let kind: String
  package let isOpen: Bool
  package let given: Int
  package let needed: Int
  package let startedBy: String
  /// Why it was closed when it was last judged.
  package let reason: String?
  /// When it is judged again: an instant of the server, and the seconds until it.
  package let nextAt: String?
  package let seconds: Double?

  static let select: SQL = """
    SELECT g.gate, g.kind, g.state <> 'closed' AS is_open, r.started_by,
      coalesce((g.spec->>'needed')::integer, 1) AS needed, g.reason, g.next_at,
      extract(epoch FROM g.next_at - clock_timestamp())::double precision AS seconds,
      (SELECT count(*) FROM caisson.approval a WHERE a.run_id = g.run_id AND a.gate = g.gate) AS given
    FROM caisson.gate g JOIN caisson.run r USING (run_id)
    """

  package init(_ row: Row) throws {
    gate = try row.string("gate")
    kind = try row.string("kind")
    isOpen = try row.bool("is_open")
    given = try row.int("given")
    needed = try row.int("needed")
    startedBy = try row.string("started_by")
    reason = row["reason"]
    nextAt = row["next_at"]
    seconds = row["seconds"].flatMap { Double($0) }
  }

  /// Closed for every step of the run.
  package var isRunWide: Bool { gate == "release" || gate == "run" }
  package var isVoted: Bool { kind == "approval" }
  /// `nil`: the whole run.
  package var step: String? { isRunWide ? nil : String(gate.dropFirst(5)) }

  package var value: Gate {
    if isOpen { return .open }
    guard isVoted else {
      return .closed(reason: (step.map { "\($0): " } ?? "") + (reason ?? "closed"), nextEvaluation: nextAt)
    }
    let votes = needed == 1 ? "an approval" : "approvals (\(given) of \(needed))"
    return .closed(reason: "\(gate) waits for \(votes) by another role than \(startedBy)", nextEvaluation: nil)
  }
}
