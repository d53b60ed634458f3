/// What can happen to a step.
package enum StepEvent: String, Sendable, Hashable, CaseIterable {
  /// A runner takes it, forward.
  case claim
  /// Its single transaction, which is claim and finish in one, committed.
  case ride
  /// That transaction rolled back and is to be tried again, or not.
  case rideBackoff = "ride backoff"
  case rideFail = "ride fail"
  /// Its last task is done.
  case finish
  /// A phase of it that was put off is taken up.
  case finalize
  /// Left by its runner: to be tried again later, when something else is so, by a probe, by a person, or not at all.
  case release, backoff, wait, doubt, block, fail
  /// Another runner takes over: the state stays, the fence does not.
  case takeOver = "take over"
  case retry, skip
  case markDone = "mark done"
  /// A runner takes it to take it back.
  case claimUndo = "claim undo"
  case finishUndo = "finish undo"
  case failUndo = "fail undo"
}

package enum StepMachine: StateMachine {
  package static let name = "step"
  package static let initial = StepState.pending

  package static let transitions: [Transition<StepState, StepEvent>] = forward + persons + undo

  private static let claimable: [StepState] = [.pending, .backoff, .waiting, .inDoubt]

  private static let forward =
    each(claimable, .claim, .running)
    + each([.pending, .backoff, .waiting], .ride, .done)
    + each([.pending, .backoff, .waiting], .rideBackoff, .backoff)
    + each([.pending, .backoff, .waiting], .rideFail, .failed)
    + [
      Transition(.running, .finish, .done),
      Transition(.done, .finalize, .pending),
      Transition(.running, .release, .pending),
      Transition(.running, .backoff, .backoff),
      Transition(.running, .wait, .waiting),
      Transition(.running, .doubt, .inDoubt),
      Transition(.running, .block, .blocked),
      Transition(.running, .fail, .failed),
      Transition(.running, .takeOver, .running),
    ]

  private static let persons =
    each([.pending, .failed, .blocked, .backoff, .waiting, .undone], .retry, .pending)
    + [Transition(.inDoubt, .retry, .inDoubt), Transition(.undoFailed, .retry, .undoFailed)]
    + each(claimable + [.failed, .blocked], .skip, .skipped)
    + each(claimable + [.failed, .blocked], .markDone, .done)
    // In a rollback: nothing of it is to be taken back any more.
    + [Transition(.undoFailed, .skip, .undone), Transition(.undoFailed, .markDone, .undone)]

  /// A step that never ran has nothing to take back; the claim knows by its attempts.
  private static let undo =
    each(claimable + [.done, .failed, .blocked, .skipped, .undoFailed], .claimUndo, .undoing)
    + [
      Transition(.undoing, .finishUndo, .undone),
      Transition(.undoing, .release, .backoff),
      Transition(.undoing, .backoff, .backoff),
      Transition(.undoing, .wait, .waiting),
      Transition(.undoing, .doubt, .inDoubt),
      Transition(.undoing, .block, .blocked),
      Transition(.undoing, .failUndo, .undoFailed),
      Transition(.undoing, .takeOver, .undoing),
    ]
}
