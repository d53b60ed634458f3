package import SQLText

extension JournalSQL {
  /// In the transaction that creates a run: it waits for the approval of `needed` other roles.
  package static func requireApproval(plan: String, target: String, needed: Int) -> SQL {
    """
    INSERT INTO caisson.gate (run_id, gate, kind, spec, bound_hash, reason)
    SELECT run_id, 'release', 'approval', jsonb_build_object('needed', \(needed)::integer), plan_hash,
      'the environment asks for approval'
    FROM caisson.run WHERE plan_hash = \(bytes(plan)) AND target = \(target) AND variant = '' AND finished_at IS NULL
    ON CONFLICT DO NOTHING
    """
  }

  /// `gate`: `release` or `step:NAME`. Row: `state`, `given`, `needed`, `problem` (why it did not count, or NULL).
  /// No row: nothing waits for that.
  package static func approve(run: String, gate: String, plan: String, actor: String, reason: String?) -> SQL {
    "SELECT * FROM caisson.approve(\(run), \(gate), \(bytes(plan)), \(actor), \(optional: reason))"
  }
}
