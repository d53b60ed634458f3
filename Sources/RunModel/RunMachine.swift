/// What can happen to a run.
package enum RunEvent: String, Sendable, Hashable, CaseIterable {
  case start
  /// A gate is closed for every step that could run.
  case wait
  case pause, resume
  /// No step can go on, and one has failed or is blocked.
  case fail
  case succeed
  /// Phases that were put off are taken up.
  case finalize
  case cancel
  /// A newer run of an edited plan takes its place.
  case supersede
  case beginUndo = "begin undo"
  case finishUndo = "finish undo"
  case failUndo = "fail undo"
}

package enum RunMachine: StateMachine {
  package static let name = "run"
  package static let initial = RunState.queued

  package static let transitions: [Transition<RunState, RunEvent>] =
    [Transition(.queued, .start, .running)]
    + each([.running], .wait, .waiting)
    + each([.queued, .running, .waiting], .pause, .paused)
    + each([.waiting, .paused, .failed], .resume, .running)
    + each([.running, .waiting, .paused], .fail, .failed)
    + each([.running, .waiting, .paused, .failed], .succeed, .succeeded)
    + [Transition(.succeeded, .finalize, .running)]
    + each([.queued, .running, .waiting, .paused, .failed], .cancel, .canceled)
    + each([.queued, .paused, .failed], .supersede, .superseded)
    + each(
      [.running, .waiting, .paused, .failed, .succeeded, .canceled, .undoing, .rollbackFailed], .beginUndo, .undoing)
    + each([.undoing, .rollbackFailed], .finishUndo, .rolledBack)
    + [
      Transition(.undoing, .failUndo, .rollbackFailed),
      Transition(.undoing, .pause, .paused),
    ]
}
