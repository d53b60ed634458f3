/// What holds of every journal at every moment, whoever died.
///
/// `caisson journal check` reports breaks by these names; the simulator of the protocol holds its store to the same list.
package enum Invariant: String, Sendable, Hashable, CaseIterable {
  case leaseMissing = "lease.missing"
  case leaseStray = "lease.stray"
  case leaseFence = "lease.fence"
  case leaseEarly = "lease.early"
  case attemptMissing = "attempt.missing"
  case attemptOpen = "attempt.open"
  case attemptOutcome = "attempt.outcome"
  case attemptCount = "attempt.count"
  case fenceTwice = "fence.twice"
  case fenceOrder = "fence.order"
  case fenceSequence = "fence.sequence"
  case needsUnmet = "needs.unmet"
  case gateClosed = "gate.closed"
  case undoOrder = "undo.order"
  case taskFence = "task.fence"
  case taskUnfinished = "task.unfinished"
  case taskDoubt = "task.doubt"
  case taskGap = "task.gap"
  case taskChunks = "task.chunks"
  case workCounted = "work.counted"
  case workFenced = "work.fenced"
  case workSideBySide = "work.side_by_side"
  case eventMissing = "event.missing"
  case eventGap = "event.gap"
  case eventHead = "event.head"
  case runUnfinished = "run.unfinished"
  case runStuck = "run.stuck"
  case stateUnknown = "state.unknown"
  case resourceOrphan = "resource.orphan"
  case resourceOver = "resource.over"
  case firingTwice = "firing.twice"
  case firingOrder = "firing.order"
  case firingRun = "firing.run"

  /// One sentence a person reads.
  package var text: String {
    switch self {
    case .leaseMissing: "a step that is held has a lease"
    case .leaseStray: "a step that nobody holds has no lease"
    case .leaseFence: "a lease has its step's fence: one holder for one fence"
    case .leaseEarly: "a lease is taken over only when it has run out or its runner is dead"
    case .attemptMissing: "a held step has an open attempt under its fence"
    case .attemptOpen: "an attempt is open only while its fence holds the step"
    case .attemptOutcome: "what the engine did has an attempt that says ok"
    case .attemptCount: "every holding of a step is recorded, with one outcome"
    case .fenceTwice: "a fence is given once"
    case .fenceOrder: "fences of a step rise from attempt to attempt"
    case .fenceSequence: "the next fence is above all that were given"
    case .needsUnmet: "no step runs or is done before what it needs"
    case .gateClosed: "no step begins behind a gate that was closed before it was asked for"
    case .undoOrder: "a step is taken back after everything that was built on it"
    case .taskFence: "unfinished tasks of a held step have its fence"
    case .taskUnfinished: "a step that is finished has no unfinished task"
    case .taskDoubt: "a run that has ended leaves nothing in doubt"
    case .taskGap: "tasks of a step are numbered without a gap"
    case .taskChunks: "a chunked task that is done counts its chunks"
    case .workCounted: "work is in the database exactly as often as the journal says"
    case .workFenced: "work is committed only under the last fence of its step"
    case .workSideBySide: "a statement outside transactions never runs twice at a time"
    case .eventMissing: "what is done has an event that says so"
    case .eventGap: "sealed events are numbered without a gap"
    case .eventHead: "the head of the chain is its last event"
    case .runUnfinished: "a run ends when its steps have"
    case .runStuck: "every run comes to an end"
    case .stateUnknown: "states change as the transition tables say"
    case .resourceOrphan: "a resource is held only by who holds a step"
    case .resourceOver: "a resource has no more holders than it admits"
    case .firingTwice: "a run carries out one firing"
    case .firingOrder: "a firing waits only once its moment has come"
    case .firingRun: "a firing that is done has its run"
    }
  }

  /// Whether a journal alone shows it; the others are about moments, or about the work itself.
  package var isReadable: Bool {
    switch self {
    case .leaseEarly, .gateClosed, .workCounted, .workFenced, .workSideBySide, .runStuck, .stateUnknown: false
    default: true
    }
  }
}
