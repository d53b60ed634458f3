import Journal
package import RunModel
import SQLText

/// A firing this process has claimed.
struct Firing: Sendable {
  let hold: FiringHold
  let step: String
  let due: Moment
  let isExtra: Bool
  /// A run was begun for it by whoever had it before.
  let run: String?
  let isTakenOver: Bool

  init(_ row: Row) throws {
    hold = FiringHold(id: try row.int64("firing_id"), fence: try row.int64("fence"))
    step = try row.string("step")
    due = Moment(microseconds: try row.int64("due"))
    isExtra = try row.bool("extra")
    run = row["run_id"]
    isTakenOver = try row.bool("taken_over")
  }

  /// What tells runs of this step's firings from the plan's own.
  var variant: String { Firing.variant(of: step) }

  static func variant(of step: String) -> String { variantPrefix + step }
  static let variantPrefix = "schedule:"
}

/// What came of one firing.
package struct FiringReport: Sendable {
  package enum Outcome: Sendable {
    /// It is over.
    case ended(FiringEnd)
    /// Not over: stopped at a checkpoint, or a person stopped its run, or another process has part of it. It is taken
    /// up again after a while.
    case released(reason: String, after: Duration)
    /// Another process has taken it over.
    case replaced
  }

  package let step: String
  package let due: Moment
  package let isExtra: Bool
  package var run: String?
  package var outcome: Outcome
}

/// How a firing is recorded when it is over.
package enum FiringEnd: Sendable, Hashable {
  case done, nothingToDo
  case failed(String)
  case skipped(String)
}

extension FiringEnd {
  package var reason: String? {
    switch self {
    case .done, .nothingToDo: nil
    case .failed(let reason), .skipped(let reason): reason
    }
  }
}
