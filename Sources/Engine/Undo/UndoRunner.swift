import Journal
import JSONText
import PlanModel
import PluginAPI
import PostgresClient
import RunModel

/// Takes one step back: its tasks in reverse order, each undo journalled like forward work, so that a rollback can be
/// killed and resumed as well.
struct UndoRunner {
  let shop: Workshop
  let compiler: Compiler
  let ledger: Ledger
  let step: PlanStep
  let fence: Int64

  private var holding: StepKey { StepKey(run: shop.run, step: step.id, fence: fence) }

  func run() async -> StepOutcome {
    var lost = 0
    while true {
      do {
        try await takeBack()
        return .done
      } catch {
        let failure = Failure(error)
        guard failure.isConnectionLoss, lost < step.policy.retry.attempts else { return await settle(failure) }
        lost += 1
        guard await ledger.awaitServer(stop: shop.stop) else { return .released(reason: "the server does not answer") }
        switch await ledger.holding(step.id, fence: fence) {
        case .finished: return .done
        case .lost: return .replaced
        case .held: continue
        }
      }
    }
  }

  private func takeBack() async throws {
    let programs = try await ledger.programs(step.id)
    for task in try await ledger.allTasks(step.id).reversed() where task.direction == .forward && task.hasBegun && task.state != .undone {
      guard let program = programs.first(where: { $0.phase == task.phase && $0.attempt == task.attempt }),
        let operation = program.operations.flatMap(\.leaves).first(where: { $0.id == task.operation })
      else { throw EngineError(.unusable, "the journal has no program for task \(task.task) of step \(step.id)") }
      try await takeBack(operation, task, of: program)
    }
    try await ledger.write(JournalSQL.finishUndo(holding))
  }

  private func takeBack(_ operation: Operation, _ task: TaskRecord, of program: StoredProgram) async throws {
    if try await neverHappened(operation, task) { return try await mark(task) }
    if case .file(let work) = operation.work {
      try FileInterpreter(context: context(operation, task), work: work).undo()
      return try await mark(task)
    }
    switch operation.undo {
    case .nothing: break
    case .irreversible(let reason):
      throw EngineError(
        .blocked, "\(operation.title) cannot be taken back: \(reason)", step: step.id, operation: operation.title)
    case .operations(let operations):
      try await run(operations.map { $0.prefixed("undo:\(task.task)/") }, undoing: task, program)
    case .recompile(let phase):
      try await run(try await compile(phase, carry: program.carry, task), undoing: task, program)
    }
    try await mark(task)
  }

  /// An autocommit statement that a crash left in doubt: the catalog tells whether there is anything to take back.
  private func neverHappened(_ operation: Operation, _ task: TaskRecord) async throws -> Bool {
    guard task.state == .inDoubt || task.state == .intent, case .autocommit(let work) = operation.work else { return false }
    let session = try await shop.target.session(purpose: "undo")
    do {
      let verdict = try await InDoubt(context: context(operation, task), work: work).decide(on: session)
      await session.close()
      return verdict == .runAgain
    } catch {
      await session.close()
      throw error
    }
  }

  private func run(_ operations: [Operation], undoing task: TaskRecord, _ program: StoredProgram) async throws {
    let known = try await ledger.allTasks(step.id).filter { $0.undoes == task.task }
    if known.isEmpty, !operations.isEmpty {
      try await ledger.write(
        JournalSQL.insertUndoTasks(
          holding, phase: task.phase, attempt: task.attempt, undoes: task.task,
          tasks: operations.flatMap(\.leaves).map { NewTask($0) }))
    }
    try await OperationRunner(
      shop: shop, ledger: ledger, step: step, fence: fence, phase: task.phase, attempt: task.attempt, direction: .undo
    ).run(operations)
  }

  /// The reverse phase, compiled from the catalog as it is now, or as the journal already has it.
  private func compile(_ phase: String, carry: JSON, _ task: TaskRecord) async throws -> [Operation] {
    if let stored = try await ledger.program(step.id, phase: task.phase, direction: .undo) { return stored.operations }
    let connection = try await shop.target.work()
    let transaction = FactsTransaction(connection)
    let compiled = try await compiler.compile(
      step, phase: phase, carry: carry, runTag: shop.runTag(step.id), in: transaction)
    await transaction.end()
    await shop.target.giveBack(connection)
    if let refusal = compiled.program.refusals.first { throw EngineError(.refused, refusal.message, step: step.id) }
    var program = compiled.program
    program.operations = program.operations.map { $0.prefixed("undo:\(task.task)/") }
    try await ledger.storeUndo(program, for: holding, task: task, name: phase, digest: compiled.factsDigest)
    return program.operations
  }

  private func mark(_ task: TaskRecord) async throws {
    try await ledger.write(JournalSQL.taskUndone(TaskKey(holding, task: task.task)))
  }

  private func context(_ operation: Operation, _ task: TaskRecord) -> TaskContext {
    TaskContext(workshop: shop, step: step, task: task, fence: fence, operation: operation, direction: .undo)
  }

  private func settle(_ failure: Failure) async -> StepOutcome {
    do {
      switch failure.kind {
      case .replaced: return .replaced
      case .interrupted:
        try await ledger.write(JournalSQL.release(holding, outcome: .canceled))
        return .released(reason: "stopped at a checkpoint")
      default:
        let error = failure.engineError.at(step: step.id)
        try await ledger.write(JournalSQL.undoFailed(holding, reason: error.message, error: failure.record))
        return .failed(error)
      }
    } catch {
      return Failure(error).kind.isReplaced ? .replaced : .failed(failure.engineError.at(step: step.id))
    }
  }
}

extension Operation {
  /// The same operation under an id of its own, members included.
  func prefixed(_ prefix: String) -> Operation {
    var copy = self
    copy.id = prefix + id
    if case .parallel(var work) = copy.work {
      work.members = work.members.map { $0.prefixed(prefix) }
      copy.work = .parallel(work)
    }
    return copy
  }
}
