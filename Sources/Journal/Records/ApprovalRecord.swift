package import SQLText

/// A vote that counts: those for a version of the plan that was amended since are gone.
package struct ApprovalRecord: Sendable, Hashable, DecodedFromRow {
  package let run: String
  /// `release` or `step:NAME`
  package let gate: String
  /// The login in the target.
  package let role: String
  /// Who typed it, as far as that terminal knew.
  package let actor: String
  package let reason: String?
  package let at: String

  package init(_ row: Row) throws {
    run = try row.string("run_id")
    gate = try row.string("gate")
    role = try row.string("by_role")
    actor = try row.string("actor")
    reason = row["reason"]
    at = try row.string("at")
  }

  /// `release`, or the step's name.
  package var subject: String { gate.hasPrefix("step:") ? String(gate.dropFirst(5)) : gate }
}
