import RunModel

/// Functions+Claim, +Ride and claim_undo of the schema, statement by statement.
extension SimulatedJournal {
  // MARK: claim

  mutating func claim(_ named: Int?, _ session: inout Session) throws -> Progress {
    switch session.stage {
    case 0 where fault == .runReadBeforeLock:
      return mayGoForward(session) ? .next : .commit
    case 0: return pick(named, &session)
    case 1 where fault == .runReadBeforeLock: return pick(named, &session)
    case 1: return mayGoForward(session) && isOpen(session.step, session) ? .next : .commit
    case 2:
      if fault == .runReadBeforeLock, !isOpen(session.step, session) { return .commit }
      if fault == .readinessNotProven || needsMet(session.step, session) { return .next }
      _ = update(places.step(session.step), &session, where: \.ready) { $0.ready = false }
      return .commit
    default: return try beginHolding(&session, undo: false, from: 3)
    }
  }

  private func mayGoForward(_ session: Session) -> Bool {
    let run = seen(places.run, session)
    return run.run == .running && run.desired == .run
  }

  private mutating func pick(_ named: Int?, _ session: inout Session) -> Progress {
    let now = now
    for number in named.map({ [$0] }) ?? Array(plan.steps.indices)
    where lock(places.step(number), &session, where: { $0.step.isClaimable && $0.time <= now && (named != nil || $0.ready) }) {
      session.step = number
      return .next
    }
    return .commit
  }

  // MARK: claim_undo

  mutating func claimUndo(_ session: inout Session) throws -> Progress {
    let now = now
    let isFree = { (row: Row) in Self.needsUndo(row) && !row.step.isHeld && row.time <= now }
    switch session.stage {
    case 0:
      session.candidates = plan.steps.indices.filter { isFree(seen(places.step($0), session)) }.map { ($0, 0) }
      return .next
    case 1:
      // In the order of a rollback: the last first.
      guard let candidate = session.candidates.popLast() else { return .commit }
      session.step = candidate.step
      return lock(places.step(candidate.step), &session, where: isFree) ? .next : .again
    case 2:
      let run = seen(places.run, session)
      return run.run == .undoing && run.desired == .rollback ? .next : .commit
    case 3:
      if fault != .undoOrderNotProven, undoWaits(session.step, { seen($0, session) }) {
        session.stage = 1
        return .again
      }
      return .next
    default: return try beginHolding(&session, undo: true, from: 4)
    }
  }

  // MARK: begin_holding

  private mutating func beginHolding(_ session: inout Session, undo: Bool, from stage: Int) throws -> Progress {
    let step = session.step
    switch session.stage - stage {
    case 0:
      session.fence = nextFence()
      let fence = session.fence
      _ = try update(places.step(step), &session, where: { _ in true }) {
        try Self.turn(step: &$0, undo ? .claimUndo : .claim)
        ($0.fence, $0.number, $0.flag) = (fence, $0.number + 1, false)
      }
      return .next
    case 1: return try retakeTasks(&session, of: step, alsoFailedUndo: true)
    default:
      try insertHolding(&session, undo: undo)
      return .commit
    }
  }

  /// Unfinished tasks get the new fence; an intent has nobody left who could answer it.
  private mutating func retakeTasks(
    _ session: inout Session, of step: Int, alsoFailedUndo: Bool = false
  ) throws -> Progress {
    let fence = session.fence, forgets = fault == .intentForgotten
    for slot in 0..<Places.perStep {
      let isOpen = { (row: Row) in
        row.exists && (row.task.isUnfinished || (alsoFailedUndo && row.task == .undoFailed))
      }
      let updated = try update(places.task(step, slot), &session, where: isOpen) {
        if $0.task == .intent, forgets { $0.task = .pending }
        if $0.task == .intent { try Self.turn(task: &$0, .doubt) }
        if $0.task == .undoFailed { try Self.turn(task: &$0, .retry) }
        $0.fence = fence
      }
      if updated == .blocked { return .blocked }
    }
    return .next
  }

  private mutating func insertHolding(_ session: inout Session, undo: Bool) throws {
    let lease = places.lease(session.step)
    guard take(lease, &session), !current(lease).exists else {
      throw Violation(invariant: .leaseStray, detail: "claiming step \(session.step)")
    }
    var row = Row()
    (row.exists, row.fence, row.runner, row.time) = (true, session.fence, session.worker, now + Self.timeToLive)
    drafts[lease] = row
    insertAttempt(attempt(session, undo: undo), &session)
    session.grip = Grip(step: session.step, fence: session.fence, isUndo: undo)
    session.hasRow = true
  }

  private func attempt(_ session: Session, undo: Bool, _ outcome: AttemptOutcome? = nil) -> Row {
    var row = Row()
    (row.exists, row.flag, row.fence, row.owner) = (true, undo, session.fence, session.step)
    (row.runner, row.number, row.outcome) = (session.worker, current(places.step(session.step)).number, outcome)
    return row
  }

  // MARK: take_over

  mutating func takeOver(_ session: inout Session) throws -> Progress {
    switch session.stage {
    case 0:
      for number in plan.steps.indices {
        let lease = seen(places.lease(number), session)
        if lease.exists, isVoid(lease, session) { session.candidates.append((number, lease.fence)) }
      }
      return .next
    case 1:
      guard let candidate = session.candidates.popLast() else { return .commit }
      (session.step, session.old) = candidate
      return lockHolding(&session) ? .next : .again
    case 2:
      if takesAllTasks(&session) { return .next }
      session.stage = 1
      return .again
    case 3:
      session.fence = nextFence()
      let fence = session.fence
      _ = try update(places.step(session.step), &session, where: { _ in true }) {
        try Self.turn(step: &$0, .takeOver)
        ($0.fence, $0.number) = (fence, $0.number + 1)
      }
      return .next
    case 4: return try retakeTasks(&session, of: session.step)
    default: return try exchangeHolder(&session)
    }
  }

  private func isVoid(_ lease: Row, _ session: Session) -> Bool {
    lease.time < now || seen(places.runner(lease.runner), session).flag
  }

  /// Step and lease together, so that both are seen as they are.
  private mutating func lockHolding(_ session: inout Session) -> Bool {
    let step = places.step(session.step), lease = places.lease(session.step), old = session.old
    if fault == .leaseFenceNotCompared {
      return isVoid(seen(lease, session), session) && lock(step, &session) { $0.step.isHeld }
    }
    if fault == .takeoverInOneStatement {
      guard lock(step, &session, where: { $0.step.isHeld }), take(lease, &session) else { return false }
      session.old = current(lease).fence
      return current(lease).fence == current(step).fence && isVoid(current(lease), session)
    }
    guard isVoid(seen(lease, session), session) else { return false }
    guard lock(step, &session, where: { $0.step.isHeld && $0.fence == old }) else { return false }
    guard lock(lease, &session, where: { $0.exists && $0.fence == old }) else { return false }
    return isVoid(current(lease), session)
  }

  /// All unfinished tasks or none: one that is locked has a transaction in flight.
  private mutating func takesAllTasks(_ session: inout Session) -> Bool {
    var got = 0, all = 0
    for slot in 0..<Places.perStep {
      let place = places.task(session.step, slot), row = seen(place, session)
      guard row.exists, row.task.isUnfinished else { continue }
      all += 1
      if lock(place, &session, where: { $0.task.isUnfinished }) { got += 1 }
    }
    return got == all
  }

  private mutating func exchangeHolder(_ session: inout Session) throws -> Progress {
    let fence = session.fence, old = session.old, worker = session.worker, until = now + Self.timeToLive
    let lease = update(places.lease(session.step), &session, where: \.exists) {
      ($0.fence, $0.runner, $0.time) = (fence, worker, until)
    }
    if lease == .blocked { return .blocked }
    let step = session.step
    let undo = current(places.step(step)).step == .undoing
    for place in places.attempts..<rows.count {
      let ended = update(place, &session, where: { $0.owner == step && $0.fence == old && $0.exists && $0.outcome == nil }) {
        $0.outcome = .abandoned
      }
      if ended == .blocked { return .blocked }
    }
    insertAttempt(attempt(session, undo: undo), &session)
    session.grip = Grip(step: step, fence: fence, isUndo: undo)
    session.hasRow = true
    return .commit
  }

  // MARK: ride

  mutating func ride(_ step: Int, _ session: inout Session) throws -> Progress {
    switch session.stage {
    case 0: return try rideClaim(step, &session)
    case 1:
      // The step may have been held and given back since: then its work is done, or another program's.
      let isOurs = fault == .rideTrustsStep || seen(places.task(step, 0), session).fence == session.fence
      return isOurs && mayGoForward(session) ? .next : .abort
    default:
      let updated = update(places.data(step, 0), &session, where: { _ in true }) { $0.number += 1 }
      return updated == .blocked ? .blocked : .commit
    }
  }

  /// One statement: needs are read with the snapshot the step is found by.
  private mutating func rideClaim(_ step: Int, _ session: inout Session) throws -> Progress {
    let now = now
    let mayRide = { (row: Row) in [.pending, .backoff, .waiting].contains(row.step) && row.time <= now }
    session.step = step
    guard needsMet(step, session), isOpen(step, session), lock(places.step(step), &session, where: mayRide) else { return .abort }
    let isOpen = { (row: Row) in row.task == .pending || row.task == .running }
    if session.fence == 0 { session.fence = nextFence() }
    let fence = session.fence
    let updated = try update(places.task(step, 0), &session, where: isOpen) {
      try Self.turn(task: &$0, .finish)
      ($0.fence, $0.number) = (fence, $0.number + 1)
    }
    if updated == .blocked { return .blocked }
    _ = try update(places.step(step), &session, where: { _ in true }) {
      try Self.turn(step: &$0, .ride)
      ($0.fence, $0.number, $0.flag) = (fence, $0.number + 1, true)
    }
    insertAttempt(attempt(session, undo: false, .ok), &session)
    session.hasRow = true
    return .next
  }
}
