import RunModel

/// A process that works on the run: what it remembers, which may be out of date.
struct Worker {
  /// Its place among the runners of the journal; a process that starts again is another one.
  var runner: Int
  var isAlive = true
  /// SIGSTOP, or a machine that sleeps: nothing of it moves until then.
  var pausedUntil = 0
  var grip: Grip?
  var session: Int?
  /// A statement whose intent is committed and which is not sent yet.
  var unsent: (grip: Grip, slot: Int)?
  var awaits: (grip: Grip, slot: Int)?
  /// It has seen all steps free of forward work since the rollback began.
  var mayUndo = false
  /// An answer was lost: it has to look whether a step is its own.
  var isUnsure = false
}

extension Simulation {
  /// What a worker without a transaction in progress does next; `nil`: nothing just now.
  mutating func decide(_ number: Int) -> Call? {
    let worker = workers[number]
    if worker.isUnsure { lookForOwn(number) }
    if let grip = workers[number].grip { return carryOn(number, grip) }
    let run = journal.rows[journal.places.run]
    switch run.run {
    case .running, .queued, .waiting:
      workers[number].mayUndo = false
      return judge() ?? forward(run)
    case .undoing: return backward(number)
    case .paused, .failed: return dice.oneIn(6) ? (isCalm || dice.oneIn(2) ? .resume : .beginUndo) : nil
    case .rollbackFailed: return dice.oneIn(3) ? .beginUndo : nil
    case .succeeded: return !isCalm && dice.oneIn(30) ? .beginUndo : nil
    case .rolledBack, .canceled, .superseded: return nil
    }
  }

  /// `ownHolding`: a claim or takeover whose answer was lost.
  private mutating func lookForOwn(_ number: Int) {
    workers[number].isUnsure = false
    let places = journal.places
    for step in journal.plan.steps.indices {
      let lease = journal.rows[places.lease(step)]
      guard lease.exists, lease.runner == workers[number].runner, lease.time > journal.now else { continue }
      let row = journal.rows[places.step(step)]
      workers[number].grip = Grip(step: step, fence: row.fence, isUndo: row.step == .undoing)
      return
    }
  }

  /// Gates close and open as they like, and in the end they are open. A run whose last ones are closed rests.
  private mutating func judge() -> Call? {
    let steps = journal.plan.steps.indices, closed = steps.filter { journal.rows[journal.places.gate($0)].flag }
    if isCalm { return closed.first.map { .judge(step: $0, closed: false) } }
    guard dice.oneIn(8) else { return nil }
    if !closed.isEmpty, dice.oneIn(2) { return dice.oneIn(3) ? .rest : .judge(step: closed[dice.roll(closed.count)], closed: false) }
    return .judge(step: dice.roll(steps.count), closed: true)
  }

  private mutating func forward(_ run: Row) -> Call? {
    switch dice.roll(12) {
    case 0...3: return .claim(step: nil)
    case 4, 5: return .claim(step: dice.roll(journal.plan.steps.count))
    case 6, 7:
      let step = dice.roll(journal.plan.steps.count)
      return journal.plan.steps[step].rides ? .ride(step: step) : .claim(step: nil)
    case 8: return .takeOver
    case 9: return .settle
    case 10: return .promote
    default: return person(run)
    }
  }

  private mutating func person(_ run: Row) -> Call? {
    if let step = journal.plan.steps.indices.first(where: {
      [.failed, .blocked].contains(journal.rows[journal.places.step($0)].step)
    }) {
      return !isCalm && dice.oneIn(4) ? .skip(step: step) : .retry(step: step)
    }
    if isCalm { return run.desired == .run && run.run != .waiting ? nil : .resume }
    switch dice.roll(20) {
    case 0...3: return .beginUndo
    case 4: return .pause
    case 5: return .skip(step: dice.roll(journal.plan.steps.count))
    default: return nil
    }
  }

  private mutating func backward(_ number: Int) -> Call? {
    if dice.oneIn(4) { return .takeOver }
    if dice.oneIn(5) { return .settle }
    return workers[number].mayUndo || journal.fault == .undoClaimedUnready ? .claimUndo : .undoReady
  }

  // MARK: With a step in hand

  private mutating func carryOn(_ number: Int, _ grip: Grip) -> Call? {
    if let unsent = workers[number].unsent {
      send(number, unsent.grip, unsent.slot)
      return nil
    }
    if workers[number].awaits != nil { return nil }
    let run = journal.rows[journal.places.run].run
    if !grip.isUndo, run == .undoing, dice.oneIn(2) { return .leave(grip, .release) }
    if !isCalm, dice.oneIn(25) { return .leave(grip, mishap(grip)) }
    return grip.isUndo ? takeBack(number, grip) : goForward(number, grip)
  }

  private mutating func mishap(_ grip: Grip) -> StepEvent {
    let forward: [StepEvent] = [.release, .backoff, .wait, .fail, .block]
    let undo: [StepEvent] = [.release, .backoff, .wait, .failUndo]
    return grip.isUndo ? undo[dice.roll(undo.count)] : forward[dice.roll(forward.count)]
  }

  private mutating func goForward(_ number: Int, _ grip: Grip) -> Call? {
    for slot in journal.plan.steps[grip.step].tasks.indices {
      let task = journal.rows[journal.places.task(grip.step, slot)].task
      if task == .done || task == .skipped { continue }
      return perform(number, grip, slot, task)
    }
    return .finish(grip)
  }

  private mutating func takeBack(_ number: Int, _ grip: Grip) -> Call? {
    let places = journal.places
    var begun: [Int] = []
    for slot in journal.plan.steps[grip.step].tasks.indices {
      let row = journal.rows[places.task(grip.step, slot)]
      switch row.task {
      case .intent, .inDoubt: return perform(number, grip, slot, row.task)
      case .running, .done, .undoing: begun.append(slot)
      case .skipped: if row.number > 0 { begun.append(slot) }
      default: break
      }
    }
    let undo = [3, 2].filter { journal.rows[places.task(grip.step, $0)].exists }
    if undo.isEmpty, !begun.isEmpty { return .addUndo(grip, slots: begun) }
    for slot in undo {
      let task = journal.rows[places.task(grip.step, slot)].task
      if task != .done { return perform(number, grip, slot, task) }
    }
    return .finishUndo(grip)
  }

  private mutating func perform(_ number: Int, _ grip: Grip, _ slot: Int, _ task: TaskState) -> Call? {
    guard journal.plan.steps[grip.step].tasks[slot % 2].kind == .autocommit else { return .work(grip, slot: slot) }
    switch task {
    case .pending: return .intend(grip, slot: slot)
    case .intent: return .answer(grip, slot: slot, .doubt)
    case .inDoubt: return probe(number, grip, slot)
    case .blocked: return .leave(grip, .block)
    default: return .work(grip, slot: slot)
    }
  }

  /// The backend of the intent has to be gone; then the catalog decides.
  private mutating func probe(_ number: Int, _ grip: Grip, _ slot: Int) -> Call? {
    if journal.fault == .doubtNotProbed { return .answer(grip, slot: slot, .probedAbsent) }
    let isAlive = backends.contains { $0.step == grip.step && $0.slot % 2 == slot % 2 }
    if isAlive { return nil }
    let value = journal.rows[journal.places.data(grip.step, slot % 2)].number
    if value == (slot < 2 ? 1 : 0) { return .answer(grip, slot: slot, .probedComplete) }
    if !isCalm, slot < 2, dice.oneIn(20) { return .answer(grip, slot: slot, .probedConflict) }
    return .answer(grip, slot: slot, .probedAbsent)
  }

  private mutating func send(_ number: Int, _ grip: Grip, _ slot: Int) {
    workers[number].unsent = nil
    guard let index = backends.firstIndex(where: {
      $0.worker == workers[number].runner && $0.step == grip.step && $0.slot == slot && !$0.isRunning
    }) else {
      // The connection broke meanwhile.
      return
    }
    workers[number].awaits = (grip, slot)
    backends[index].isRunning = true
    let others = backends.contains { $0.step == grip.step && $0.slot % 2 == slot % 2 && $0.isRunning && $0.worker != workers[number].runner }
    let value = journal.rows[journal.places.data(grip.step, slot % 2)].number
    if others || value == (slot < 2 ? 1 : 0) {
      violation = Violation(invariant: .workSideBySide, detail: "step \(grip.step), task \(slot)")
    }
  }
}
