import RunModel

/// What a worker knows of a step it has.
struct Grip: Equatable {
  var step: Int
  var fence: Int
  var isUndo: Bool
}

/// What is asked of the journal: each is one transaction of one or more statements.
enum Call {
  case claim(step: Int?)
  case ride(step: Int)
  case claimUndo
  case takeOver
  case work(Grip, slot: Int)
  case intend(Grip, slot: Int)
  case answer(Grip, slot: Int, TaskEvent)
  case addUndo(Grip, slots: [Int])
  case finish(Grip)
  case finishUndo(Grip)
  case leave(Grip, StepEvent)
  case promote
  case settle
  case beginUndo
  case undoReady
  case resume
  case pause
  case retry(step: Int)
  case skip(step: Int)
  /// A gate was asked, and the verdict is kept.
  case judge(step: Int, closed: Bool)
  /// Nothing is left but what waits at gates.
  case rest
}

/// A connection with a transaction in progress.
struct Session {
  let id: Int
  let worker: Int
  let call: Call
  /// By the clock.
  let began: Int
  /// Which statement is next.
  var stage = 0
  /// A statement reads what was committed when it began, and that may be a while ago.
  var snapshot: [Row]?
  var locked: [Int] = []
  /// Nobody is at the other end any more.
  var isOrphan = false
  var isAtCommit = false

  // What a function keeps in variables.
  var candidates: [(step: Int, fence: Int)] = []
  var step = -1
  var fence = 0
  var old = 0

  /// What it came to, told with the answer to COMMIT.
  var grip: Grip?
  var hasRow = false
}

/// How a statement ended.
enum Progress {
  case next
  case again
  /// Behind another transaction's row lock.
  case blocked
  case commit
  case abort
}

/// A statement outside any transaction block, or the connection that announced one.
struct Backend {
  let step: Int
  let slot: Int
  let worker: Int
  var isRunning = false
  var hasClient = true
}

/// What a simulation can be told to do wrong.
enum Fault: String, CaseIterable, Sendable {
  /// The takeover locks the step alone and believes the lease it read with it.
  case leaseFenceNotCompared
  case readinessNotProven
  /// The claim reads the run first and locks the step after.
  case runReadBeforeLock
  /// The takeover reads tasks and attempts with the snapshot of its first statement.
  case takeoverInOneStatement
  case workWithoutFence
  case doubtNotProbed
  case undoClaimedUnready
  case undoOrderNotProven
  case intentForgotten
  /// A ride runs whatever became of the step's task before.
  case rideTrustsStep
  /// A rollback is settled although forward claims may be in flight.
  case rollbackSettledUnready
  /// The claim does not read what was judged.
  case gateNotAsked
}
