/// What can happen to a task.
package enum TaskEvent: String, Sendable, Hashable, CaseIterable {
  /// A work transaction has begun with it.
  case begin
  /// A chunk is committed and there is more.
  case chunk
  case finish
  /// Committed before a statement that cannot be part of a transaction.
  case intend
  /// The answer to that statement never came.
  case doubt
  /// The probe's verdict.
  case probedComplete = "probed complete"
  case probedAbsent = "probed absent"
  case probedRunning = "probed running"
  case probedConflict = "probed conflict"
  /// Not necessary, or its phase was compiled again.
  case skip
  /// A person's retry of blocked or failed work.
  case retry
  case beginUndo = "begin undo"
  case finishUndo = "finish undo"
  /// Of an undo task: its step's rollback failed at it.
  case failUndo = "fail undo"
}

package enum TaskMachine: StateMachine {
  package static let name = "task"
  package static let initial = TaskState.pending

  package static let transitions: [Transition<TaskState, TaskEvent>] =
    each([.pending, .running], .begin, .running)
    + each([.running], .chunk, .running)
    + each([.pending, .running, .intent], .finish, .done)
    + [
      Transition(.pending, .intend, .intent),
      Transition(.intent, .doubt, .inDoubt),
      Transition(.inDoubt, .probedComplete, .done),
      Transition(.inDoubt, .probedAbsent, .pending),
      Transition(.inDoubt, .probedRunning, .inDoubt),
      Transition(.inDoubt, .probedConflict, .blocked),
    ]
    + each([.pending, .running, .intent, .inDoubt, .blocked], .skip, .skipped)
    + [
      Transition(.blocked, .retry, .inDoubt),
      Transition(.undoFailed, .retry, .pending),
    ]
    + each([.pending, .running], .failUndo, .undoFailed)
    // What a person set aside in the middle has chunks in the database.
    + each([.running, .done, .skipped], .beginUndo, .undoing)
    + each([.running, .done, .undoing], .finishUndo, .undone)
}
