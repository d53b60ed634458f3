import RunModel

/// One run of a small plan by two to four workers, to its end, in an order of events that a seed decides.
struct Simulation {
  let seed: Int
  var dice: Dice
  var journal: SimulatedJournal
  var workers: [Worker] = []
  var sessions: [Session] = []
  var backends: [Backend] = []
  var violation: Violation?
  /// No more accidents: from here on it has to come to an end.
  var isCalm = false
  private var lastSession = 0
  private var runners = 0
  private var busy = 0

  private static let places = 40

  init(seed: Int, fault: Fault? = nil) {
    self.seed = seed
    dice = Dice(seed: seed)
    journal = SimulatedJournal(SimulatedPlan(&dice), runners: Self.places, fault: fault)
    for _ in 0..<(2 + dice.roll(3)) { start() }
  }

  private mutating func start() {
    workers.append(Worker(runner: runners))
    runners += 1
  }

  /// The number of actions it took.
  mutating func run() throws -> Int {
    let storm = 40 + dice.roll(160)
    for action in 0..<6_000 {
      isCalm = action > storm
      journal.now += 1
      try act()
      if let violation { throw violation }
      if isCalm, isOver { return action }
    }
    throw Violation(invariant: .runStuck, detail: "run \(journal.rows[0].run.rawValue), steps \(standings)")
  }

  private var standings: String {
    journal.plan.steps.indices.map { step in
      let tasks = (0..<Places.perStep).map { journal.rows[journal.places.task(step, $0)] }.filter(\.exists)
      let row = journal.rows[journal.places.step(step)]
      return "\(step) \(row.step.rawValue) fence \(row.fence) (\(tasks.map { "\($0.task.rawValue) \($0.fence)" }.joined(separator: ", ")))"
    }.joined(separator: "; ")
  }

  private var isOver: Bool {
    let run = journal.rows[journal.places.run].run
    return (run == .succeeded || run == .rolledBack) && sessions.isEmpty && backends.isEmpty
  }

  private mutating func act() throws {
    if !isCalm, dice.oneIn(16) { return try accident() }
    if dice.oneIn(6), try serverActs() { return }
    // In bursts: a race needs one to do much while another does nothing.
    if dice.oneIn(3) { busy = dice.roll(workers.count) }
    try workerActs(busy)
  }

  // MARK: The workers

  private mutating func workerActs(_ number: Int) throws {
    let worker = workers[number]
    guard worker.isAlive else {
      if dice.oneIn(4), runners < Self.places { revive(number) }
      return
    }
    guard worker.pausedUntil <= journal.now else { return }
    if dice.oneIn(4) { renew(number) }
    guard let session = worker.session else {
      if let call = decide(number) { begin(call, number) }
      return
    }
    if let index = sessions.firstIndex(where: { $0.id == session }) { try advance(index) }
  }

  private mutating func revive(_ number: Int) {
    workers[number] = Worker(runner: runners)
    runners += 1
  }

  private mutating func begin(_ call: Call, _ number: Int) {
    lastSession += 1
    workers[number].session = lastSession
    sessions.append(Session(id: lastSession, worker: workers[number].runner, call: call, began: journal.now))
  }

  /// On a connection of its own; a row lock in the way is a renewal too late.
  private mutating func renew(_ number: Int) {
    guard let grip = workers[number].grip else { return }
    let place = journal.places.lease(grip.step), lease = journal.rows[place]
    if lease.exists, lease.fence == grip.fence, lease.runner == workers[number].runner, lease.time > journal.now {
      if journal.owners[place] == 0 { journal.rows[place].time = journal.now + SimulatedJournal.timeToLive }
    } else if dice.oneIn(2) {
      // Lost: it stops, if it heeds that.
      drop(number)
    }
  }

  private mutating func drop(_ number: Int) {
    workers[number].grip = nil
    workers[number].unsent = nil
    workers[number].awaits = nil
    endBackends(of: workers[number].runner)
  }

  // MARK: Statements

  private mutating func advance(_ index: Int) throws {
    if sessions[index].isAtCommit { return try commit(index) }
    if sessions[index].snapshot == nil, dice.oneIn(3) {
      sessions[index].snapshot = journal.rows
      return
    }
    var session = sessions[index]
    let progress = try journal.perform(&session)
    if journal.fault == .takeoverInOneStatement, session.isTakeover {
      if session.snapshot == nil { session.snapshot = journal.rows }
    } else {
      session.snapshot = nil
    }
    switch progress {
    case .next: session.stage += 1
    case .commit: session.isAtCommit = true
    case .again, .blocked, .abort: break
    }
    sessions[index] = session
    if progress == .abort {
      journal.rollBack(&sessions[index])
      answered(sessions[index], hasRow: false)
      sessions.remove(at: index)
    }
  }

  private mutating func commit(_ index: Int) throws {
    let changed = journal.commit(&sessions[index])
    let session = sessions.remove(at: index)
    try journal.inspect(changed)
    try journal.inspect(work: session)
    try journal.inspect(claim: session)
    if case .judge(let step, true) = session.call { journal.rows[journal.places.gate(step)].time = journal.now }
    if case .intend(let grip, let slot) = session.call, session.hasRow, !session.isOrphan {
      backends.append(Backend(step: grip.step, slot: slot, worker: session.worker))
    }
    if !isCalm, dice.oneIn(12) { lost(session) } else { answered(session, hasRow: session.hasRow) }
  }

  /// The answer has reached its worker.
  private mutating func answered(_ session: Session, hasRow: Bool) {
    guard let number = workers.firstIndex(where: { $0.session == session.id }) else { return }
    workers[number].session = nil
    switch session.call {
    case .claim, .claimUndo, .takeOver:
      workers[number].grip = session.grip
    case .undoReady: workers[number].mayUndo = hasRow
    case .intend(let grip, let slot):
      // Who has stopped meanwhile has closed the connection.
      if hasRow, workers[number].grip == grip { workers[number].unsent = (grip, slot) } else { drop(number) }
    case .finish, .finishUndo, .leave:
      if hasRow { drop(number) } else { standing(number) }
    case .work, .answer, .addUndo:
      if !hasRow { standing(number) }
    case .ride, .promote, .settle, .beginUndo, .resume, .pause, .retry, .skip, .judge, .rest: break
    }
  }

  /// The connection broke, and nobody knows whether it was before the COMMIT or after.
  private mutating func lost(_ session: Session) {
    guard let number = workers.firstIndex(where: { $0.session == session.id }) else { return }
    workers[number].session = nil
    endBackends(of: workers[number].runner)
    if workers[number].grip == nil { workers[number].isUnsure = true } else { standing(number) }
  }

  /// Looks whether the step is still its own.
  private mutating func standing(_ number: Int) {
    guard let grip = workers[number].grip else { return }
    let row = journal.rows[journal.places.step(grip.step)]
    if row.fence != grip.fence || row.step != (grip.isUndo ? .undoing : .running) { drop(number) }
  }

  // MARK: The server

  /// What the server does by itself: ends statements, and transactions of clients that are gone.
  private mutating func serverActs() throws -> Bool {
    if let index = sessions.firstIndex(where: \.isOrphan) {
      if sessions[index].isAtCommit, dice.oneIn(2) {
        try commit(index)
      } else {
        journal.rollBack(&sessions[index])
        sessions.remove(at: index)
      }
      return true
    }
    guard let index = backends.firstIndex(where: \.isRunning) else { return false }
    let backend = backends.remove(at: index)
    if backend.hasClient || !dice.oneIn(3) {
      journal.rows[journal.places.data(backend.step, backend.slot % 2)].number = backend.slot < 2 ? 1 : 0
    }
    if backend.hasClient { statementEnded(backend) }
    return true
  }

  private mutating func statementEnded(_ backend: Backend) {
    guard let number = workers.firstIndex(where: { $0.runner == backend.worker && $0.session == nil }),
      let (grip, slot) = workers[number].awaits
    else { return }
    workers[number].awaits = nil
    begin(.answer(grip, slot: slot, .finish), number)
  }

  /// A connection that ends while its statement runs leaves the statement running.
  private mutating func endBackends(of runner: Int) {
    backends.removeAll { $0.worker == runner && !$0.isRunning }
    for index in backends.indices where backends[index].worker == runner { backends[index].hasClient = false }
    if let number = workers.firstIndex(where: { $0.runner == runner }) {
      workers[number].unsent = nil
      workers[number].awaits = nil
    }
  }

  // MARK: Accidents

  private mutating func accident() throws {
    let number = dice.roll(workers.count)
    switch dice.roll(10) {
    case 0, 1: kill(number)
    case 2, 3, 4: workers[number].pausedUntil = journal.now + dice.roll(3 * SimulatedJournal.timeToLive)
    case 5, 6, 7: breakConnection(of: number)
    case 8: proveDead()
    default: if dice.oneIn(4) { crash() }
    }
  }

  private mutating func kill(_ number: Int) {
    guard workers[number].isAlive else { return }
    workers[number].isAlive = false
    leaveSession(of: number)
    endBackends(of: workers[number].runner)
  }

  private mutating func leaveSession(of number: Int) {
    guard let id = workers[number].session, let index = sessions.firstIndex(where: { $0.id == id }) else { return }
    sessions[index].isOrphan = true
    workers[number].session = nil
  }

  private mutating func breakConnection(of number: Int) {
    guard workers[number].isAlive, workers[number].session != nil else { return }
    let session = workers[number].session
    leaveSession(of: number)
    if let session = sessions.first(where: { $0.id == session }) {
      endBackends(of: session.worker)
      if workers[number].grip == nil { workers[number].isUnsure = true }
    }
  }

  /// On its own host a dead process is proven dead.
  private mutating func proveDead() {
    for place in 0..<runners where !workers.contains(where: { $0.runner == place && $0.isAlive }) {
      journal.rows[journal.places.runner(place)].flag = true
    }
  }

  private mutating func crash() {
    for index in sessions.indices { journal.rollBack(&sessions[index]) }
    sessions = []
    for backend in backends where backend.isRunning && dice.oneIn(2) {
      journal.rows[journal.places.data(backend.step, backend.slot % 2)].number = backend.slot < 2 ? 1 : 0
    }
    backends = []
    for number in workers.indices {
      let had = workers[number].session != nil
      workers[number].session = nil
      workers[number].unsent = nil
      workers[number].awaits = nil
      if had, workers[number].grip == nil { workers[number].isUnsure = true }
    }
  }
}

extension Session {
  var isTakeover: Bool { if case .takeOver = call { true } else { false } }
}
