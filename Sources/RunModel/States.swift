/// Where a run stands.
package enum RunState: String, Sendable, Hashable, Codable, CaseIterable {
  case queued, running, waiting, paused, failed, succeeded, undoing
  case rolledBack = "rolled_back"
  case rollbackFailed = "rollback_failed"
  case canceled, superseded

  /// Nothing moves it any more, except a rollback of a success.
  package var isFinished: Bool {
    switch self {
    case .succeeded, .rolledBack, .canceled, .superseded: true
    case .queued, .running, .waiting, .paused, .failed, .undoing, .rollbackFailed: false
    }
  }
}

/// What a person wants of a run; the engine moves it there.
package enum DesiredState: String, Sendable, Hashable, Codable, CaseIterable {
  case run, pause, cancel, rollback
}

/// Where a step stands.
package enum StepState: String, Sendable, Hashable, Codable, CaseIterable {
  case pending, running, backoff, waiting
  case inDoubt = "in_doubt"
  case blocked, done, skipped, failed, undoing, undone
  case undoFailed = "undo_failed"

  /// A runner has it: it has a lease.
  package var isHeld: Bool { self == .running || self == .undoing }
  /// Steps that need it may run.
  package var isSatisfied: Bool { self == .done || self == .skipped }
  /// A runner may claim it, when its needs are met and its time has come.
  package var isClaimable: Bool {
    switch self {
    case .pending, .backoff, .waiting, .inDoubt: true
    case .running, .blocked, .done, .skipped, .failed, .undoing, .undone, .undoFailed: false
    }
  }
}

/// Where a leaf operation, or one slice of it, stands.
package enum TaskState: String, Sendable, Hashable, Codable, CaseIterable {
  case pending, intent, running
  case inDoubt = "in_doubt"
  case done, skipped, blocked, undoing, undone
  case undoFailed = "undo_failed"

  /// Somebody may still work on it: a takeover must get hold of it.
  package var isUnfinished: Bool {
    switch self {
    case .pending, .intent, .running, .inDoubt, .undoing: true
    case .done, .skipped, .blocked, .undone, .undoFailed: false
    }
  }
}

/// Who says that a step is done.
package enum DoneBy: String, Sendable, Hashable, Codable, CaseIterable {
  case engine, probe, person, carried
}

/// The one way an attempt ended.
package enum AttemptOutcome: String, Sendable, Hashable, Codable, CaseIterable {
  case ok, error, timeout, canceled, fenced, abandoned
  case inDoubt = "in_doubt"
  case waiting
}

package enum Direction: String, Sendable, Hashable, Codable, CaseIterable {
  case forward, undo
}
