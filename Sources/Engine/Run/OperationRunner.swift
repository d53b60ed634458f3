import Journal
import JSONText
import PlanModel
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// Runs a program's operations in order under one fence, each leaf through its interpreter and the retry policy.
/// Undo is the same work in the other direction.
struct OperationRunner {
  let shop: Workshop
  let ledger: Ledger
  let step: PlanStep
  let holding: Holding
  let phase: Int
  /// Number of the program within its phase.
  let program: Int
  /// Inside an open bracket: what could be tried again later is not waited for, for the bracket is closed first.
  var isBracketed = false

  func run(_ operations: [Operation]) async throws {
    for operation in operations { try await run(operation) }
  }

  private func run(_ operation: Operation) async throws {
    if case .parallel(let work) = operation.work {
      let throttle = ThrottleGate(step.policy.throttle)
      return try await sideBySide(work.members, width: work.width) { member in
        // Inside an open bracket somebody waits for its end.
        if !isBracketed { try await holdBack(throttle) }
        let started = ContinuousClock.now
        try await run(member)
        // Chunks have rested already, each by itself.
        guard !isBracketed, member.work.kind != "chunked" else { return }
        try await throttle.rest(after: ContinuousClock.now - started, shop, step)
      }
    }
    if case .bracket(let work) = operation.work {
      return try await bracket(operation, work)
    }
    let tasks = try await tasks(of: operation)
    let pace = ChunkPace()
    if case .chunked(let work) = operation.work, work.slices != nil {
      return try await slices(of: operation, work, tasks, pace)
    }
    for task in tasks { try await carryOut(operation, task, pace) }
  }

  private func holdBack(_ throttle: ThrottleGate) async throws {
    try await throttle.wait(shop, step) { try await shop.target.lending { try await throttle.reason(on: $0) } }
  }

  /// Opened again for each try: nothing waits for us while we wait for the next one.
  private func bracket(_ operation: Operation, _ work: BracketWork) async throws {
    var tries = 0
    while true {
      do {
        return try await BracketRunner(runner: self, operation: operation, work: work).run()
      } catch {
        tries += 1
        try await backOff(after: error, tries: tries)
      }
    }
  }

  /// The same work in the workshop of a bracket.
  func within(_ shop: Workshop) -> OperationRunner {
    OperationRunner(
      shop: shop, ledger: ledger, step: step, holding: holding, phase: phase, program: program, isBracketed: true)
  }

  func tasks(of operation: Operation) async throws -> [TaskRecord] {
    try await ledger.tasks(
      step.id, of: operation.id, phase: phase, program: program, direction: holding.direction)
  }

  private func sideBySide<Item: Sendable>(
    _ items: [Item], width: Int, _ body: @escaping @Sendable (Item) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (place, item) in items.enumerated() {
        if place >= max(1, width) { try await group.next() }
        group.addTask { try await body(item) }
      }
      try await group.waitForAll()
    }
  }

  /// The first task only draws up the slices; each slice then has a task of its own.
  private func slices(of operation: Operation, _ work: ChunkedWork, _ tasks: [TaskRecord], _ pace: ChunkPace) async throws {
    var slices = tasks.filter { $0.slice > 0 }
    if slices.isEmpty, let first = tasks.first, !first.isFinished, let query = work.slices {
      try await ledger.drawSlices(query, for: first, of: operation, holding: holding)
      slices = try await self.tasks(of: operation).filter { $0.slice > 0 }
    }
    try await sideBySide(slices, width: work.workers) { try await carryOut(operation, $0, pace) }
  }

  /// One task to its end. Lock conflicts and the like are tried again here, the step staying held.
  private func carryOut(_ operation: Operation, _ record: TaskRecord, _ pace: ChunkPace) async throws {
    var record = record
    var tries = 0, stalled = 0.0
    while !record.isFinished {
      if shop.stop.isRequested { throw Interrupted() }
      let context = TaskContext(
        workshop: shop, step: step, task: record, holding: holding, operation: operation, pace: pace, stalled: stalled)
      do {
        let started = ContinuousClock.now
        shop.reporter(.operationStarted(step: step.id, title: operation.title))
        try await once(context)
        let spent = (ContinuousClock.now - started).milliseconds
        shop.reporter(.operationDone(step: step.id, title: operation.title, milliseconds: spent))
      } catch {
        tries += 1
        pace.rows = nil
        if let stall = error as? StallExceeded { stalled = max(stalled, stall.limit.inSeconds * 1_000) }
        try await backOff(after: error, tries: tries)
      }
      record = try await ledger.task(record)
    }
  }

  private func once(_ context: TaskContext) async throws {
    if try await isUnnecessary(context) { return }
    if case .autocommit(let work) = context.operation.work {
      return try await AutocommitInterpreter(context: context, work: work).run()
    }
    // Its record must not wait behind the pool that it has just paused.
    let isAdmin = context.operation.work.kind == "admin"
    let connection = isAdmin ? try await shop.target.work() : try await shop.target.stepWork()
    await connection.onNotice { [shop, step] in shop.reporter(.notice(step: step.id, text: $0.message)) }
    do {
      try await interpret(context, on: connection)
      await shop.target.giveBack(connection)
    } catch {
      await connection.rollback()
      await shop.target.giveBack(connection)
      throw error
    }
  }

  private func interpret(_ context: TaskContext, on connection: Connection) async throws {
    if context.operation.id.hasPrefix(Operation.takingBack) {
      try await takeBack(context)
      return try await context.record(nil, on: connection)
    }
    switch context.operation.work {
    case .transaction(let work): try await TransactionInterpreter(context: context, work: work).run(on: connection)
    case .chunked(let work): try await ChunkedInterpreter(context: context, work: work).run(on: connection)
    case .observe(let work): try await ObserveInterpreter(context: context, work: work).run(on: connection)
    case .file(let work): try await FileInterpreter(context: context, work: work).run(on: connection)
    case .process(let work): try await ProcessInterpreter(context: context, work: work).run(on: connection)
    case .export(let work): try await ExportInterpreter(context: context, work: work).run(on: connection)
    case .admin(let work): try await AdminInterpreter(context: context, work: work).run(on: connection)
    case .autocommit, .parallel, .bracket: break
    }
  }

  /// Files, as the forward task knows them; once more does no harm.
  private func takeBack(_ context: TaskContext) async throws {
    guard let task = try await ledger.tasks(step.id).first(where: { $0.task == context.task.undoes }) else { return }
    let forward = TaskContext(workshop: shop, step: step, task: task, holding: holding, operation: context.operation)
    switch context.operation.work {
    case .file(let work): try FileInterpreter(context: forward, work: work).undo()
    case .export(let work): try ExportInterpreter(context: forward, work: work).undo()
    default: break
    }
  }

  func isUnnecessary(_ context: TaskContext) async throws -> Bool {
    guard let unless = context.operation.unless, !context.task.hasBegun else { return false }
    guard try await ledger.value(of: unless) == "t" else { return false }
    try await ledger.write(JournalSQL.taskSkipped(holding, task: context.task.task, reason: "not necessary"))
    shop.reporter(.operationSkipped(step: step.id, title: context.operation.title))
    return true
  }

  /// Waits as the retry policy says, or throws what cannot be retried.
  private func backOff(after error: any Error, tries: Int) async throws {
    let failure = Failure(error)
    if shop.stop.isRequested, failure.postgres?.kind == .canceled { throw Interrupted() }
    guard !isBracketed, let reason = failure.retryReason, tries < step.policy.retry.attempts else { throw error }
    let delay = step.policy.retry.policy.delay(after: tries, random01: Double.random(in: 0..<1))
    shop.reporter(
      .retrying(
        step: step.id, attempt: tries, of: step.policy.retry.attempts, afterMilliseconds: delay.milliseconds,
        reason: reason))
    let note: JSON = ["text": .string("attempt \(tries): \(reason)")]
    _ = try await ledger.query(
      JournalSQL.event(.note, run: shop.run, step: step.id, fence: holding.fence, actor: shop.runner, data: note))
    await shop.stop.sleep(milliseconds: delay.milliseconds)
    if shop.stop.isRequested { throw Interrupted() }
  }
}
