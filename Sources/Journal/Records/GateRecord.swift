package import RunModel
package import SQLText

/// A gate of a run and the votes it has.
package struct GateRecord: Sendable, Hashable {
  /// `release`, or `step:NAME`.
  package let gate: String
  package let kind: String
  package let isOpen: Bool
  package let given: Int
  package let needed: Int
  package let startedBy: String

  static let select: SQL = """
    SELECT g.gate, g.kind, g.state <> 'closed' AS is_open, r.started_by,
      coalesce((g.spec->>'needed')::integer, 1) AS needed,
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
  }

  package var value: Gate {
    if isOpen { return .open }
    let votes = needed == 1 ? "an approval" : "approvals (\(given) of \(needed))"
    return .closed(reason: "\(gate) waits for \(votes) by another role than \(startedBy)", nextEvaluation: nil)
  }
}
