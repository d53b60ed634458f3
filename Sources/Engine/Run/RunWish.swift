package import Journal
package import RunModel

/// What somebody has asked of a run, from this terminal or from another machine.
package struct RunWish: Sendable, Hashable {
  package let desired: DesiredState
  package let by: String
  package let reason: String?
  /// The run is what was asked for; false: a step is still held.
  package let isGranted: Bool

  /// `nil`: nothing but to go on.
  package init?(_ run: RunRecord) {
    guard run.desired == .pause || run.desired == .cancel else { return nil }
    desired = run.desired
    by = run.desiredBy ?? "somebody"
    reason = run.desiredReason
    isGranted = run.state == .paused || run.state == .canceled
  }
}
