/// A deadline is when a bracket has to be closed: closing begins before it.
///
/// The parent is first; its guardian, which knows whether a parent is stopped or stuck only by its silence, follows while
/// there is still time to close.
struct BracketDeadline {
  let limit: Duration

  init(_ limit: Duration) { self.limit = limit }

  /// For a close that the deadline has room for.
  var margin: Duration { min(.seconds(1), limit / 10) }
  /// When the parent begins to close.
  var parent: Duration { limit - margin * 2 }
  /// When the guardian does.
  var guardian: Duration { limit - margin }
}
