import RunModel

/// Holds the store to the invariants; asked after every commit, about what it changed.
extension SimulatedJournal {
  func inspect(_ changed: [(place: Int, was: Row)]) throws {
    var touched: Set<Int> = []
    for (place, was) in changed {
      if place == places.run { try inspectRun() }
      if place >= places.attempts { touched.insert(rows[place].owner) }
      guard let step = places.owner(of: place) else { continue }
      touched.insert(step)
      if place == places.lease(step) { try inspectTakeover(step, was) }
      if place == places.step(step) { try inspectTurn(step, was) }
    }
    for step in touched { try inspect(step: step) }
  }

  /// A work transaction and what holds its step, at the moment of its commit.
  func inspect(work session: Session) throws {
    guard case .work(let grip, let slot) = session.call else { return }
    let row = rows[places.step(grip.step)]
    // Its holder may have given the step back; the next one waits for the task's row.
    guard row.fence == grip.fence, row.step != .done, row.step != .undone else {
      throw fail(.workFenced, grip.step, "task \(slot), fence \(row.fence), worked under \(grip.fence)")
    }
  }

  /// A gate that closes while a claim is on its way may be too late for it, never one that was closed before.
  func inspect(claim session: Session) throws {
    switch session.call {
    case .claim, .ride: break
    default: return
    }
    guard session.hasRow else { return }
    let gate = rows[places.gate(session.step)]
    if gate.flag, gate.time > 0, gate.time < session.began { throw fail(.gateClosed, session.step, "since \(gate.time), asked at \(session.began)") }
  }

  private func fail(_ invariant: Invariant, _ step: Int, _ detail: String = "") -> Violation {
    Violation(invariant: invariant, detail: "step \(step) is \(rows[places.step(step)].step.rawValue) \(detail)")
  }

  // MARK: Of the moment

  private func inspectTakeover(_ step: Int, _ was: Row) throws {
    let lease = rows[places.lease(step)]
    guard was.exists, lease.exists, was.fence != lease.fence else { return }
    if was.time >= now, !rows[places.runner(was.runner)].flag {
      throw fail(.leaseEarly, step, "fence \(was.fence) had \(was.time - now) left")
    }
  }

  private func inspectTurn(_ step: Int, _ was: Row) throws {
    let row = rows[places.step(step)]
    if row.fence < was.fence { throw fail(.fenceOrder, step) }
    guard row.step != was.step else { return }
    switch row.step {
    case .running, .done:
      let unmet = plan.steps[step].needs.first { !rows[places.step($0)].step.isSatisfied }
      if let unmet { throw fail(.needsUnmet, step, "before \(unmet)") }
      if rows[places.run].run.isFinished { throw fail(.runUnfinished, step, "run \(rows[places.run].run.rawValue)") }
    case .undoing, .undone:
      if undoWaits(step, { rows[$0] }) { throw fail(.undoOrder, step) }
    default: break
    }
  }

  // MARK: Of a step

  private func inspect(step: Int) throws {
    let row = rows[places.step(step)], lease = rows[places.lease(step)]
    if row.step.isHeld != lease.exists { throw fail(lease.exists ? .leaseStray : .leaseMissing, step) }
    if lease.exists, lease.fence != row.fence { throw fail(.leaseFence, step, "\(row.fence), lease \(lease.fence)") }
    try inspectAttempts(step, row, lease)
    for slot in 0..<Places.perStep where rows[places.task(step, slot)].exists {
      try inspectTask(step, slot, row)
    }
  }

  private func inspectAttempts(_ step: Int, _ row: Row, _ lease: Row) throws {
    var count = 0, open = 0, last = 0, hasOutcome = false
    for place in places.attempts..<rows.count {
      let attempt = rows[place]
      guard attempt.owner == step, attempt.exists else { continue }
      count += 1
      if attempt.number != count { throw fail(.attemptCount, step) }
      if attempt.fence <= last { throw fail(.fenceOrder, step) }
      last = attempt.fence
      if last > sequence { throw fail(.fenceSequence, step) }
      if attempt.outcome == .ok, attempt.fence == row.fence { hasOutcome = true }
      guard attempt.outcome == nil else { continue }
      open += 1
      if !lease.exists || lease.fence != attempt.fence { throw fail(.attemptOpen, step, "fence \(attempt.fence)") }
    }
    if count != row.number { throw fail(.attemptCount, step, "\(count), counted \(row.number)") }
    if lease.exists, open != 1 { throw fail(.attemptMissing, step) }
    if row.step == .done, row.flag, !hasOutcome { throw fail(.attemptOutcome, step) }
  }

  private func inspectTask(_ step: Int, _ slot: Int, _ row: Row) throws {
    let task = rows[places.task(step, slot)]
    if row.step.isHeld, task.task.isUnfinished, task.fence != row.fence { throw fail(.taskFence, step, "task \(slot)") }
    if row.step == .undone || row.step.isSatisfied, task.task.isUnfinished || task.task == .blocked {
      throw fail(.taskUnfinished, step, "task \(slot) \(task.task.rawValue)")
    }
    if slot < 2 { try inspectWork(step, slot, task) }
  }

  /// What is in the database is what the journal says, no more and no less.
  private func inspectWork(_ step: Int, _ slot: Int, _ task: Row) throws {
    let value = rows[places.data(step, slot)].number, spec = plan.steps[step].tasks[slot]
    let undo = rows[places.task(step, slot + 2)]
    if undo.exists, undo.task != .pending {
      if undo.task == .done, value != 0 { throw fail(.workCounted, step, "task \(slot) taken back, \(value) left") }
      return
    }
    // A statement outside transactions is in the database before the journal knows, or not at all.
    if spec.kind == .autocommit, task.task != .done { return }
    if value != task.number { throw fail(.workCounted, step, "task \(slot) says \(task.number), there is \(value)") }
    if task.task == .done, task.number != spec.chunks { throw fail(.taskChunks, step, "task \(slot): \(task.number)") }
  }

  // MARK: Of the run

  private func inspectRun() throws {
    let run = rows[places.run].run
    guard run == .succeeded || run == .rolledBack else { return }
    for step in plan.steps.indices {
      let row = rows[places.step(step)]
      let isEnded = run == .succeeded ? row.step.isSatisfied : !Self.needsUndo(row)
      if !isEnded { throw fail(.runUnfinished, step, "run \(run.rawValue)") }
      for slot in 0..<Places.perStep {
        let task = rows[places.task(step, slot)]
        if task.exists, task.task == .intent || task.task == .inDoubt { throw fail(.taskDoubt, step, "task \(slot)") }
      }
    }
  }
}
