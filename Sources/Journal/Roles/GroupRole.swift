/// Whom a database's owner can let in, by `GRANT caisson_runner TO somebody`. Roles of the cluster: the journals of all
/// its databases share them, each grants them its own.
package enum GroupRole: String, CaseIterable, Sendable, Hashable {
  /// Reads everything the journal holds.
  case viewer = "caisson_viewer"
  /// Also approves, and asks runs to pause or to be canceled.
  case approver = "caisson_approver"
  /// Also does the work: runs, rollbacks, schedules, pruning. Cannot approve.
  case runner = "caisson_runner"

  /// One phrase, as `journal install --roles` prints it.
  package var purpose: String {
    switch self {
    case .viewer: "status, history, events, logs, report, plan"
    case .approver: "all that, approve, pause, cancel"
    case .runner: "all a viewer may, apply, resume, rollback, worker, schedule, prune"
    }
  }

  /// Whom the next GRANT is for, by way of example.
  package var example: (login: String, who: String) {
    switch self {
    case .viewer: ("grafana", "looks on")
    case .approver: ("alice", "gives the second word")
    case .runner: ("deploy", "the login that applies plans")
    }
  }

  /// What journals had before, without any rights now.
  static let former = ["caisson_reader", "caisson_operator"]
}
