/// Who may do what with which part of the schema. **A new table, sequence or function of the journal is entered here**:
/// a test fails for what is missing.
///
/// Whatever says who has approved what, who has started a run and what has happened is written by functions of the
/// journal's owner alone (SECURITY DEFINER): `approve`, `revoke_approval`, `judge`, `create_run`, `amend_run`, `seal_events`, `prune_run`.
/// Such a function calls others of this schema with arguments whose types are exactly theirs, never with a bare literal
/// or NULL: runners may create functions here, and a closer match would run with the owner's rights.
package enum Rights {
  /// Beside SELECT, which every group has on every table.
  package struct Table: Sendable {
    package let name: String
    var runner: [String] = []
    var approver: [String] = []

    init(_ name: String, runner: [String] = [], approver: [String] = []) {
      self.name = name
      self.runner = runner
      self.approver = approver
    }

    func privileges(of role: GroupRole) -> [String] {
      switch role {
      case .viewer: ["SELECT"]
      case .approver: approver
      case .runner: runner
      }
    }
  }

  package static let tables: [Table] = [
    // Written by the journal's owner and functions alone.
    Table("meta"), Table("seal"), Table("anchor"), Table("gate"), Table("approval"), Table("shown"),
    // History: added to, never changed. Number, time and login of an event are the server's to say.
    Table("plan", runner: ["INSERT"]),
    Table("program", runner: ["INSERT"]),
    Table("evidence", runner: ["INSERT"]),
    Table(
      "event", runner: ["INSERT (run_id, step, task, fence, kind, actor, data)"],
      approver: ["INSERT (run_id, step, kind, actor, data)"]),
    // Work: what is begun, held and done. Not which run it is, of which plan, and who has started it.
    Table(
      "run", runner: [
        "UPDATE (state, desired, desired_by, desired_reason, finalize_due, no_return_at, host, finished_at)"
      ],
      approver: ["UPDATE (desired, desired_by, desired_reason)"]),
    Table(
      "step", runner: [
        "UPDATE (local, state, ready, done_by, fence, phase, attempt, retry_from, not_before, due_at, reason, "
          + "changed_at)"
      ]),
    Table("task", runner: ["INSERT", "UPDATE"]),
    Table("attempt", runner: ["INSERT", "UPDATE"]),
    Table("measure", runner: ["INSERT", "UPDATE"]),
    Table("forecast", runner: ["INSERT"]),
    Table("runner", runner: ["INSERT", "UPDATE", "DELETE"]),
    Table("lease", runner: ["INSERT", "UPDATE", "DELETE"]),
    Table("resource", runner: ["INSERT", "UPDATE"]),
    Table("resource_hold", runner: ["INSERT", "UPDATE", "DELETE"]),
    Table("schedule", runner: ["INSERT", "UPDATE"], approver: ["UPDATE (paused_at, paused_by, paused_reason)"]),
    Table("firing", runner: ["INSERT", "UPDATE", "DELETE"]),
  ]

  /// Drawn from by runners, looked at by all.
  package static let sequences = ["fence"]

  /// Who may call a function. None is left to PUBLIC.
  package enum Caller: Sendable, CaseIterable {
    /// It only looks.
    case everybody
    case approver, runner, approverAndRunner
    /// A trigger's, or of those that move a journal elsewhere.
    case owner

    func includes(_ role: GroupRole) -> Bool {
      switch (self, role) {
      case (.everybody, .viewer), (.approver, .approver), (.runner, .runner), (.approverAndRunner, .approver),
        (.approverAndRunner, .runner): true
      default: false
      }
    }
  }

  package static let functions: [(caller: Caller, names: [String])] = [
    (
      .everybody,
      [
        "must", "unfinished", "needs_met", "needs_undo", "is_open", "why_not", "may_run_here", "undo_waits_for",
        "knows_plan", "is_solid", "amend_problems", "open_firings", "prunable", "place", "event_bytes", "chain_next",
        "chain", "verify_chain", "check_journal", "extent",
      ]
    ),
    (.approver, ["approve", "revoke_approval"]),
    (.approverAndRunner, ["settle_run"]),
    (
      .runner,
      [
        "create_run", "amend_run", "require_approval", "judge", "turn_run", "begin_finalize", "resume_run", "hold",
        "begin_holding", "claim", "claim_holding", "take_over", "ride", "ride_failed", "put_program", "append_tasks",
        "add_tasks", "end_holding", "finish_step", "put_off", "leave_step", "retry_step", "settle_step", "begin_undo",
        "undo_ready", "claim_undo", "add_undo_tasks", "finish_undo", "register_schedules", "firing_event",
        "add_firing", "claim_firing", "start_firing", "end_firing", "seal_events", "prune_run", "prune_firings",
        "prune_runners", "begin_measure", "end_measure", "ride_measured",
      ]
    ),
    (
      .owner,
      [
        "event_guard", "event_voice", "put_steps", "require_approvals", "raise_fence", "reattach", "adopt", "let_go",
        "pause_live",
      ]
    ),
  ]

  static func functions(of role: GroupRole) -> [String] { functions.filter { $0.caller.includes(role) }.flatMap(\.names) }
}
