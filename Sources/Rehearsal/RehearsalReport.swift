package import Catalog
package import Engine

/// What a rehearsal found.
package struct RehearsalReport: Sendable {
  package struct Omission: Sendable, Hashable {
    /// `nil`: about the whole plan.
    package let step: String?
    package let reason: String
    /// The rest of it is rehearsed.
    package var isPart = false
  }

  /// One part of it, for a line and a number.
  package struct Stage: Sendable {
    package let name: String
    package let text: String
    package let seconds: Double
  }

  package enum Verdict: Sendable {
    case passed
    /// After the rollback, or after the second apply, the catalog is not what it has to be.
    case differs(after: String, [SchemaText.Change])
    /// An apply or the rollback did not end as it has to.
    case stopped(at: String, RunReport)
  }

  package var verdict = Verdict.passed
  package var stages: [Stage] = []
  /// Steps that were not rehearsed, or not all of it.
  package var omissions: [Omission] = []
  /// Steps that the rollback left in place, each with its reason.
  package var kept: [Omission] = []
  /// What was copied along.
  package var rows: String?
  /// Where the clone is, if it was to be kept.
  package var place: String?
  /// It is in the target's journal.
  package var isRemembered = false

  package var hasPassed: Bool { if case .passed = verdict { true } else { false } }
}
