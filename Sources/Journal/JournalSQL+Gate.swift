package import RunModel
package import SQLText

extension JournalSQL {
  /// In the transaction that creates a run: it, or one `step` of it, waits for the approval of `needed` other roles.
  package static func requireApproval(plan: String, target: String, needed: Int, step: String? = nil) -> SQL {
    "SELECT caisson.require_approval(\(bytes(plan)), \(target), \(optional: step), \(needed))"
  }

  /// When a step has come to a phase that `needed` other roles have to approve; once for a run.
  package static func requireApproval(run: String, needed: Int, step: String) -> SQL {
    """
    SELECT caisson.require_approval(r.plan_hash, r.target, \(step)::text, \(needed)::integer)
    FROM caisson.run r WHERE r.run_id = \(run)
    """
  }

  /// `gate`: `release` or `step:NAME`. Row: `state`, `given`, `needed`, `problem` (why it did not count, or NULL).
  /// No row: nothing waits for that.
  package static func approve(run: String, gate: String, plan: String, actor: String, reason: String?) -> SQL {
    // With all types named no other function can be meant, whoever may create one in this schema.
    """
    SELECT * FROM caisson.approve(\(run)::uuid, \(gate)::text, \(bytes(plan))::bytea, \(actor)::text,
      \(optional: reason)::text)
    """
  }

  /// A vote is taken back; `role`: whose, `nil`: one's own, or the only one. Row: `state`, `given`, `needed`, `role`, `problem`.
  package static func revokeApproval(run: String, gate: String, role: String?, actor: String, reason: String) -> SQL {
    """
    SELECT * FROM caisson.revoke_approval(\(run)::uuid, \(gate)::text, \(optional: role)::text, \(actor)::text,
      \(reason)::text)
    """
  }

  /// What a runner has found: `reason` is `nil` when the gate is open. Row of a closed one: `next_at`, and `seconds`.
  package static func judge(
    run: String, gate: String, kind: String, reason: String?, next: Moment? = nil, again: Duration? = nil, actor: String
  ) -> SQL {
    """
    SELECT * FROM caisson.judge(\(run), \(gate), \(kind), \(optional: reason),
      timestamptz 'epoch' + \(optional: next?.microseconds)::bigint * interval '1 microsecond',
      \(optional: again.map(interval)), \(actor))
    """
  }
}
