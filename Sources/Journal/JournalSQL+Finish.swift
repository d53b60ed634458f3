package import JSONText
package import RunModel
package import SQLText

extension JournalSQL {
  /// All tasks are done. Row: `wanted_by`, to be promoted by the next transaction. No row: replaced.
  package static func finishStep(_ holding: Holding, by: DoneBy = .engine, details: JSON = [:]) -> SQL {
    """
    SELECT * FROM caisson.finish_step(\(holding.run), \(holding.step), \(holding.fence), \(by.rawValue), \
    \(holding.runner), \(details))
    """
  }

  /// How a holding ends without finishing the step. Row: `attempt, retry_from, not_before`; the attempts in the window
  /// of the retry policy are `attempt - retry_from`. No row: replaced.
  private static func leave(
    _ holding: Holding, to state: StepState, _ outcome: AttemptOutcome, reason: String?, error: ErrorRecord? = nil,
    delay: Duration? = nil, details: JSON = [:]
  ) -> SQL {
    """
    SELECT * FROM caisson.leave_step(\(holding.run), \(holding.step), \(holding.fence), \(holding.held.rawValue), \
    \(state.rawValue), \(outcome.rawValue), \(optional: reason), \(optional: error?.sqlState), \(optional: error?.json),
      \(optional: delay.map(interval)), \
    \(holding.runner), \(details))
    """
  }

  /// It will not be tried again without a person. In a rollback: `undo_failed`.
  package static func stepFailed(_ holding: Holding, reason: String, error: ErrorRecord?) -> SQL {
    leave(holding, to: holding.direction == .forward ? .failed : .undoFailed, .error, reason: reason, error: error)
  }

  /// To be tried again after `delay`, by the server's clock.
  package static func stepBackoff(
    _ holding: Holding, reason: String, error: ErrorRecord?, delay: Duration, outcome: AttemptOutcome = .error
  ) -> SQL {
    leave(holding, to: .backoff, outcome, reason: reason, error: error, delay: delay)
  }

  /// For something outside: a blocker, a window, a condition.
  package static func stepWaiting(_ holding: Holding, reason: String, delay: Duration? = nil) -> SQL {
    leave(holding, to: .waiting, .waiting, reason: reason, delay: delay)
  }

  /// Needs a person.
  package static func stepBlocked(_ holding: Holding, reason: String, error: ErrorRecord? = nil) -> SQL {
    leave(holding, to: .blocked, .error, reason: reason, error: error)
  }

  /// A statement's answer never came; the next holder probes first.
  package static func stepInDoubt(
    _ holding: Holding, reason: String, error: ErrorRecord? = nil, delay: Duration? = nil
  ) -> SQL {
    leave(holding, to: .inDoubt, .inDoubt, reason: reason, error: error, delay: delay)
  }

  /// Interrupted at a checkpoint: anybody may go on at once.
  package static func release(_ holding: Holding, reason: String = "interrupted") -> SQL {
    leave(holding, to: holding.direction == .forward ? .pending : .backoff, .canceled, reason: reason)
  }

  /// A ride that rolled back: its attempt and what follows. `began` as the server printed it when known.
  package static func rideFailed(
    run: String, step: String, runner: String, to state: StepState, outcome: AttemptOutcome = .error, reason: String?,
    error: ErrorRecord?, delay: Duration? = nil, began: String? = nil
  ) -> SQL {
    """
    SELECT * FROM caisson.ride_failed(\(run), \(step), \(runner), \(state.rawValue), \(outcome.rawValue),
      \(optional: reason), \
    \(optional: error?.sqlState), \(optional: error?.json), \(optional: delay.map(interval)), \(optional: began))
    """
  }

  /// Row: `was`. No row: held by a runner, or in no state that can be tried again.
  package static func retryStep(run: String, step: String, actor: String, reason: String?) -> SQL {
    "SELECT * FROM caisson.retry_step(\(run), \(step), \(actor), \(optional: reason))"
  }

  /// Not wanted; dependents may run. Row: `was, wanted_by`.
  package static func skipStep(run: String, step: String, actor: String, reason: String) -> SQL {
    "SELECT * FROM caisson.settle_step(\(run), \(step), 'skipped', \(actor), \(reason))"
  }

  /// Done elsewhere, a person says. Row: `was, wanted_by`.
  package static func markDone(run: String, step: String, actor: String, reason: String) -> SQL {
    "SELECT * FROM caisson.settle_step(\(run), \(step), 'done', \(actor), \(reason))"
  }
}
