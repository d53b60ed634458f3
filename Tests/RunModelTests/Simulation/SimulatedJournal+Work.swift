import RunModel

/// Work transactions, and how a holding ends: JournalSQL+Task, +Intent, Functions+Finish, Functions+Undo.
extension SimulatedJournal {
  // MARK: Work

  mutating func work(_ grip: Grip, _ slot: Int, _ session: inout Session) throws -> Progress {
    let task = places.task(grip.step, slot), isMine = isMine(grip)
    switch session.stage {
    case 0:
      let updated = try update(task, &session, where: { isMine($0) && [.pending, .running].contains($0.task) }) {
        try Self.turn(task: &$0, .begin)
      }
      return updated == .row ? .next : updated == .blocked ? .blocked : .abort
    case 1:
      let updated = update(places.data(grip.step, slot % 2), &session, where: { _ in true }) {
        $0.number = slot < 2 ? $0.number + 1 : 0
      }
      return updated == .blocked ? .blocked : .next
    default:
      let chunks = slot < 2 ? plan.steps[grip.step].tasks[slot].chunks : 1
      _ = try update(task, &session, where: { isMine($0) && $0.task == .running }) {
        $0.number += 1
        try Self.turn(task: &$0, $0.number < chunks ? .chunk : .finish)
      }
      session.hasRow = true
      return .commit
    }
  }

  private func isMine(_ grip: Grip) -> (Row) -> Bool {
    let believes = fault == .workWithoutFence
    return { $0.exists && ($0.fence == grip.fence || believes) }
  }

  /// One statement: an intent, its answer, or a probe's verdict.
  mutating func answer(_ grip: Grip, _ slot: Int, _ event: TaskEvent, _ session: inout Session) throws -> Progress {
    let from: TaskState = event == .intend ? .pending : event == .finish || event == .doubt ? .intent : .inDoubt
    let isMine = isMine(grip)
    let updated = try update(places.task(grip.step, slot), &session, where: { isMine($0) && $0.task == from }) {
      try Self.turn(task: &$0, event)
      if $0.task == .done { $0.number += 1 }
    }
    session.hasRow = updated == .row
    return updated == .row ? .commit : updated == .blocked ? .blocked : .abort
  }

  // MARK: finish_step, leave_step

  mutating func finish(_ grip: Grip, _ session: inout Session) throws -> Progress {
    switch session.stage {
    case 0: return try turnHeld(grip, .finish, &session)
    case 1:
      let open = (0..<Places.perStep).contains { slot in
        let row = seen(places.task(grip.step, slot), session)
        return row.exists && (row.task == .blocked || row.task.isUnfinished)
      }
      return open ? .abort : .next
    default: return endHolding(grip, .ok, &session)
    }
  }

  mutating func leave(_ grip: Grip, _ event: StepEvent, _ session: inout Session) throws -> Progress {
    switch session.stage {
    case 0: return try turnHeld(grip, event, &session)
    case 1:
      for slot in 0..<Places.perStep {
        let updated = try update(places.task(grip.step, slot), &session, where: { $0.task == .intent }) {
          try Self.turn(task: &$0, .doubt)
        }
        if updated == .blocked { return .blocked }
      }
      return .next
    case 2:
      guard event == .failUndo else { return .next }
      let open = { (row: Row) in row.exists && (row.task == .pending || row.task == .running) }
      guard let slot = [2, 3].first(where: { open(seen(places.task(grip.step, $0), session)) }) else { return .next }
      let updated = try update(places.task(grip.step, slot), &session, where: open) { try Self.turn(task: &$0, .failUndo) }
      return updated == .blocked ? .blocked : .next
    default: return endHolding(grip, event == .release ? .canceled : event == .wait ? .waiting : .error, &session)
    }
  }

  private mutating func turnHeld(_ grip: Grip, _ event: StepEvent, _ session: inout Session) throws -> Progress {
    let held: StepState = grip.isUndo ? .undoing : .running, now = now
    let updated = try update(places.step(grip.step), &session, where: { $0.fence == grip.fence && $0.step == held }) {
      try Self.turn(step: &$0, event)
      $0.ready = $0.step.isClaimable
      $0.flag = event == .finish
      $0.time = event == .backoff || event == .wait ? now + 10 : 0
    }
    return updated == .row ? .next : updated == .blocked ? .blocked : .abort
  }

  private mutating func endHolding(_ grip: Grip, _ outcome: AttemptOutcome, _ session: inout Session) -> Progress {
    let lease = update(places.lease(grip.step), &session, where: { $0.exists && $0.fence == grip.fence }) {
      $0 = Row()
    }
    if lease == .blocked { return .blocked }
    for place in places.attempts..<rows.count {
      let isOpen = { (row: Row) in row.owner == grip.step && row.fence == grip.fence && row.exists && row.outcome == nil }
      if update(place, &session, where: isOpen, { $0.outcome = outcome }) == .blocked { return .blocked }
    }
    session.hasRow = true
    return .commit
  }

  // MARK: add_undo_tasks, finish_undo

  mutating func addUndo(_ grip: Grip, _ slots: [Int], _ session: inout Session) throws -> Progress {
    switch session.stage {
    case 0:
      let updated = update(places.step(grip.step), &session, where: { $0.fence == grip.fence && $0.step == .undoing }) { _ in }
      return updated == .row ? .next : updated == .blocked ? .blocked : .abort
    case 1:
      for slot in 0..<2 {
        let isDue = { (row: Row) in
          row.exists
            && (row.task == .pending || slots.contains(slot) && [.running, .done, .skipped].contains(row.task))
        }
        let updated = try update(places.task(grip.step, slot), &session, where: isDue) {
          try Self.turn(task: &$0, $0.task == .pending ? .skip : .beginUndo)
          $0.fence = grip.fence
        }
        if updated == .blocked { return .blocked }
      }
      return .next
    default:
      for slot in slots {
        let place = places.task(grip.step, slot + 2)
        guard take(place, &session), !current(place).exists else { return .abort }
        var row = Row()
        (row.exists, row.fence) = (true, grip.fence)
        drafts[place] = row
      }
      session.hasRow = true
      return .commit
    }
  }

  mutating func finishUndo(_ grip: Grip, _ session: inout Session) throws -> Progress {
    switch session.stage {
    case 0: return try turnHeld(grip, .finishUndo, &session)
    case 1:
      let open = (0..<Places.perStep).contains { slot in
        let row = seen(places.task(grip.step, slot), session)
        return row.exists && ([.intent, .inDoubt].contains(row.task) || slot >= 2 && [.pending, .running, .blocked].contains(row.task))
      }
      return open ? .abort : .next
    case 2:
      for slot in 0..<2 {
        let isOpen = { (row: Row) in row.exists && (row.task.isUnfinished || row.task == .blocked) }
        let updated = try update(places.task(grip.step, slot), &session, where: isOpen) {
          try Self.turn(task: &$0, $0.task == .undoing ? .finishUndo : .skip)
        }
        if updated == .blocked { return .blocked }
      }
      return .next
    default: return endHolding(grip, .ok, &session)
    }
  }
}
