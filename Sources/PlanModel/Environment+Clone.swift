extension Environment {
  /// The same for a clone that is thrown away. Approvals, windows, limits and whatever else says when, and by whose leave,
  /// work may begin have no place there: what is not named here has its default.
  package func onClone(accepting steps: [String]) -> Environment {
    Environment(
      name: name, target: target, sessionTarget: nil, role: role, acceptIrreversible: steps, blockers: blockers)
  }
}
