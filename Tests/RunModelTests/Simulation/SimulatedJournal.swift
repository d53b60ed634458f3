import RunModel

/// The journal's tables in memory, with row locks and statements that have snapshots of their own, as PostgreSQL runs
/// them under READ COMMITTED.
///
/// A statement reads what was committed when it began, and its own transaction's writes. What it locks it reads again,
/// as it is now; nothing else. Between two statements, and between a statement's snapshot and its locks, others go on.
struct SimulatedJournal {
  let plan: SimulatedPlan
  let places: Places
  let fault: Fault?

  /// What is committed.
  var rows: [Row]
  /// What the transaction that has locked a row has made of it.
  var drafts: [Row?]
  /// Whose the row lock is; 0: nobody's.
  var owners: [Int]
  var now = 0
  /// Not part of any transaction.
  var sequence = 0

  static let timeToLive = 60

  init(_ plan: SimulatedPlan, runners: Int, fault: Fault?) {
    self.plan = plan
    self.fault = fault
    places = Places(steps: plan.steps.count, runners: runners)
    rows = [Row](repeating: Row(), count: places.attempts)
    for (number, step) in plan.steps.enumerated() {
      rows[places.step(number)].ready = step.needs.isEmpty
      for slot in step.tasks.indices { rows[places.task(number, slot)].exists = true }
    }
    drafts = [Row?](repeating: nil, count: rows.count)
    owners = [Int](repeating: 0, count: rows.count)
  }

  // MARK: Reading

  /// As the statement at hand sees it.
  func seen(_ place: Int, _ session: Session) -> Row {
    if owners[place] == session.id, let draft = drafts[place] { return draft }
    if let snapshot = session.snapshot { return place < snapshot.count ? snapshot[place] : Row() }
    return rows[place]
  }

  /// As it is now; only for rows the transaction has locked.
  func current(_ place: Int) -> Row { drafts[place] ?? rows[place] }

  /// FOR NO KEY UPDATE SKIP LOCKED: the condition holds in the snapshot, and of the row as it is once it is locked.
  mutating func lock(_ place: Int, _ session: inout Session, where holds: (Row) -> Bool = { _ in true }) -> Bool {
    guard holds(seen(place, session)), take(place, &session) else { return false }
    return holds(current(place))
  }

  /// False: somebody else has it.
  mutating func take(_ place: Int, _ session: inout Session) -> Bool {
    if owners[place] == session.id { return true }
    guard owners[place] == 0 else { return false }
    owners[place] = session.id
    session.locked.append(place)
    return true
  }

  // MARK: Writing

  enum Updated {
    case row, none, blocked
  }

  /// An UPDATE: it waits for the row lock.
  mutating func update(
    _ place: Int, _ session: inout Session, where holds: (Row) -> Bool, _ change: (inout Row) throws -> Void
  ) rethrows -> Updated {
    guard holds(seen(place, session)) else { return .none }
    guard take(place, &session) else { return .blocked }
    var row = current(place)
    guard holds(row) else { return .none }
    try change(&row)
    drafts[place] = row
    return .row
  }

  mutating func insertAttempt(_ row: Row, _ session: inout Session) {
    rows.append(Row())
    drafts.append(row)
    owners.append(session.id)
    session.locked.append(rows.count - 1)
  }

  mutating func nextFence() -> Int {
    sequence += 1
    return sequence
  }

  // MARK: Ending

  /// Returns the rows as they were.
  mutating func commit(_ session: inout Session) -> [(place: Int, was: Row)] {
    var changed: [(Int, Row)] = []
    for place in session.locked {
      if let draft = drafts[place] {
        changed.append((place, rows[place]))
        rows[place] = draft
      }
      drafts[place] = nil
      owners[place] = 0
    }
    session.locked = []
    return changed
  }

  mutating func rollBack(_ session: inout Session) {
    for place in session.locked {
      drafts[place] = nil
      owners[place] = 0
    }
    session.locked = []
  }
}

extension SimulatedJournal {
  /// `caisson.needs_met`
  func needsMet(_ step: Int, _ session: Session) -> Bool {
    plan.steps[step].needs.allSatisfy { seen(places.step($0), session).step.isSatisfied }
  }

  /// `caisson.is_open`
  func isOpen(_ step: Int, _ session: Session) -> Bool {
    fault == .gateNotAsked || !seen(places.gate(step), session).flag
  }

  /// `caisson.undo_waits_for`: followed through steps that never ran.
  func undoWaits(_ step: Int, _ read: (Int) -> Row) -> Bool {
    plan.wantedBy[step].contains { later in
      let row = read(places.step(later))
      return row.number > 0 ? row.step != .undone : undoWaits(later, read)
    }
  }

  static func needsUndo(_ row: Row) -> Bool { row.number > 0 && row.step != .undone }

  // MARK: Transitions, by the tables the engine runs by

  static let steps = StepMachine.table()
  static let tasks = TaskMachine.table()
  static let runs = RunMachine.table()

  static func turn(step row: inout Row, _ event: StepEvent) throws {
    guard let next = steps[.init(from: row.step, event: event)] else {
      throw Violation(invariant: .stateUnknown, detail: "step \(row.step.rawValue), \(event.rawValue)")
    }
    row.step = next
  }

  static func turn(task row: inout Row, _ event: TaskEvent) throws {
    guard let next = tasks[.init(from: row.task, event: event)] else {
      throw Violation(invariant: .stateUnknown, detail: "task \(row.task.rawValue), \(event.rawValue)")
    }
    row.task = next
  }

  static func turn(run row: inout Row, _ event: RunEvent) throws {
    guard let next = runs[.init(from: row.run, event: event)] else {
      throw Violation(invariant: .stateUnknown, detail: "run \(row.run.rawValue), \(event.rawValue)")
    }
    row.run = next
  }
}
