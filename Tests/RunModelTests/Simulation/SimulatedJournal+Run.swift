import RunModel

/// The run's own transitions and what persons decide: Functions+Run, retry_step, settle_step, begin_undo.
extension SimulatedJournal {
  /// One statement of a call.
  mutating func perform(_ session: inout Session) throws -> Progress {
    switch session.call {
    case .claim(let step): return try claim(step, &session)
    case .ride(let step): return try ride(step, &session)
    case .claimUndo: return try claimUndo(&session)
    case .takeOver: return try takeOver(&session)
    case .work(let grip, let slot): return try work(grip, slot, &session)
    case .intend(let grip, let slot): return try answer(grip, slot, .intend, &session)
    case .answer(let grip, let slot, let event): return try answer(grip, slot, event, &session)
    case .addUndo(let grip, let slots): return try addUndo(grip, slots, &session)
    case .finish(let grip): return try finish(grip, &session)
    case .finishUndo(let grip): return try finishUndo(grip, &session)
    case .leave(let grip, let event): return try leave(grip, event, &session)
    case .promote: return promote(&session)
    case .settle: return try settle(&session)
    case .beginUndo: return try beginUndo(&session)
    case .undoReady: return undoReady(&session)
    case .resume: return try resume(&session)
    case .pause: return pause(&session)
    case .retry(let step): return try retry(step, &session)
    case .skip(let step): return try skip(step, &session)
    case .judge(let step, let closed): return judge(step, closed, &session)
    case .rest: return try rest(&session)
    }
  }

  /// The hint, of all that wait; promotion and the idle sweep in one.
  private mutating func promote(_ session: inout Session) -> Progress {
    for number in plan.steps.indices where needsMet(number, session) {
      let place = places.step(number)
      if lock(place, &session, where: { !$0.ready && $0.step == .pending }) {
        _ = update(place, &session, where: { _ in true }) { $0.ready = true }
      }
    }
    return .commit
  }

  // MARK: settle_run

  private mutating func settle(_ session: inout Session) throws -> Progress {
    if session.stage == 0 {
      let updated = update(places.run, &session, where: { !$0.run.isFinished }) { _ in }
      return updated == .row ? .next : updated == .blocked ? .blocked : .commit
    }
    let run = current(places.run)
    // A claim in flight shows only by its lock.
    if session.stage == 1, run.run == .undoing || run.run == .rollbackFailed, fault != .rollbackSettledUnready {
      return plan.steps.indices.allSatisfy { lock(places.step($0), &session) } ? .next : .commit
    }
    if let event = verdict(run, session) {
      _ = try update(places.run, &session, where: { _ in true }) {
        if event == .failUndo, $0.run == .rollbackFailed { return }
        if event == .fail, $0.run == .failed { return }
        if event == .pause, $0.run == .paused { return }
        try Self.turn(run: &$0, event)
      }
    }
    return .commit
  }

  private func verdict(_ run: Row, _ session: Session) -> RunEvent? {
    var open = 0, held = 0, broken = 0, stuck = 0, undoable = 0, claimable = 0
    for number in plan.steps.indices {
      let row = seen(places.step(number), session)
      if !row.step.isSatisfied { open += 1 }
      if row.step.isHeld { held += 1 }
      if row.step == .failed || row.step == .blocked { broken += 1 }
      if [.undoFailed, .blocked, .inDoubt].contains(row.step), row.number > 0 { stuck += 1 }
      if Self.needsUndo(row) { undoable += 1 }
      if row.step.isClaimable, needsMet(number, session) { claimable += 1 }
    }
    if held > 0 { return nil }
    if run.run == .undoing || run.run == .rollbackFailed {
      return undoable == 0 ? .finishUndo : stuck > 0 ? .failUndo : nil
    }
    if open == 0 { return .succeed }
    if run.desired == .pause { return .pause }
    return claimable == 0 && broken > 0 ? .fail : nil
  }

  // MARK: Gates

  private mutating func judge(_ step: Int, _ closed: Bool, _ session: inout Session) -> Progress {
    let updated = update(places.gate(step), &session, where: { _ in true }) { $0.flag = closed }
    return updated == .blocked ? .blocked : .commit
  }

  private mutating func rest(_ session: inout Session) throws -> Progress {
    let updated = try update(places.run, &session, where: { $0.run == .running && $0.desired == .run }) {
      try Self.turn(run: &$0, .wait)
    }
    return updated == .blocked ? .blocked : .commit
  }

  // MARK: Persons

  private mutating func beginUndo(_ session: inout Session) throws -> Progress {
    let updated = try update(places.run, &session, where: { $0.run != .rolledBack }) {
      try Self.turn(run: &$0, .beginUndo)
      $0.desired = .rollback
    }
    session.hasRow = updated == .row
    return updated == .blocked ? .blocked : .commit
  }

  /// Every step at once, and none of them held forward.
  private mutating func undoReady(_ session: inout Session) -> Progress {
    if session.stage == 0 {
      session.hasRow = plan.steps.indices.allSatisfy { lock(places.step($0), &session) }
      return .next
    }
    let held = plan.steps.indices.contains { seen(places.step($0), session).step == .running }
    session.hasRow = session.hasRow && !held
    return .commit
  }

  private mutating func pause(_ session: inout Session) -> Progress {
    let updated = update(places.run, &session, where: { [.running, .waiting].contains($0.run) }) { $0.desired = .pause }
    return updated == .blocked ? .blocked : .commit
  }

  private mutating func resume(_ session: inout Session) throws -> Progress {
    if session.stage == 0 {
      let updated = try update(places.run, &session, where: { [.running, .waiting, .paused, .failed].contains($0.run) }) {
        $0.desired = .run
        if $0.run != .running { try Self.turn(run: &$0, .resume) }
      }
      return updated == .row ? .next : updated == .blocked ? .blocked : .commit
    }
    for number in plan.steps.indices where seen(places.step(number), session).step == .failed {
      try retryLocked(number, &session)
    }
    return .commit
  }

  private mutating func retry(_ step: Int, _ session: inout Session) throws -> Progress {
    try retryLocked(step, &session)
    return .commit
  }

  private mutating func retryLocked(_ step: Int, _ session: inout Session) throws {
    let mayRetry = { (row: Row) in
      [.pending, .failed, .blocked, .backoff, .waiting, .inDoubt, .undoFailed].contains(row.step)
    }
    guard lock(places.step(step), &session, where: mayRetry), !seen(places.run, session).run.isFinished else { return }
    for slot in 0..<Places.perStep {
      let isBlocked = { (row: Row) in row.exists && row.task == .blocked }
      _ = try update(places.task(step, slot), &session, where: isBlocked) { try Self.turn(task: &$0, .retry) }
    }
    let ready = needsMet(step, session)
    _ = try update(places.step(step), &session, where: { _ in true }) {
      try Self.turn(step: &$0, .retry)
      ($0.ready, $0.time) = (ready, 0)
    }
  }

  private mutating func skip(_ step: Int, _ session: inout Session) throws -> Progress {
    let maySkip = { (row: Row) in [.pending, .failed, .blocked, .backoff, .waiting, .inDoubt].contains(row.step) }
    guard lock(places.step(step), &session, where: maySkip) else { return .abort }
    let run = seen(places.run, session).run
    guard !run.isFinished, run != .undoing, run != .rollbackFailed else { return .abort }
    for slot in 0..<Places.perStep {
      let isOpen = { (row: Row) in row.exists && (row.task == .blocked || row.task.isUnfinished) }
      let updated = try update(places.task(step, slot), &session, where: isOpen) { try Self.turn(task: &$0, .skip) }
      if updated == .blocked { return .blocked }
    }
    _ = try update(places.step(step), &session, where: { _ in true }) { try Self.turn(step: &$0, .skip) }
    return .commit
  }
}
