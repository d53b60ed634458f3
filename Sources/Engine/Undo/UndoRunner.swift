import Digest
import Journal
import JSONText
import PlanModel
import PluginAPI
import PostgresClient
import RunModel

/// Takes one step back: programs and their tasks in reverse order, each undo journalled like forward work, so that a
/// rollback can be killed and resumed as well.
struct UndoRunner {
  let shop: Workshop
  let compiler: Compiler
  let ledger: Ledger
  let step: PlanStep
  let holding: Holding

  func run() async -> StepOutcome {
    await Reconciliation(shop: shop, ledger: ledger, step: step, holding: holding).run(takeBack)
  }

  private func takeBack() async throws {
    let programs = try await ledger.programs(step.id).filter { $0.direction == .forward }
    for program in programs.reversed() { try await takeBack(program) }
    try await ledger.write(JournalSQL.finishUndo(holding))
  }

  private func takeBack(_ program: StoredProgram) async throws {
    let leaves = program.operations.flatMap(\.leaves)
    let tasks = try await ledger.tasks(step.id).filter { $0.phase == program.phase && $0.attempt == program.attempt }
    let begun = tasks.filter { $0.direction == .forward && $0.hasBegun }
    try await settleDoubts(begun, leaves)
    var undo: [(task: TaskRecord, operations: [Operation])] = []
    for task in try await ledger.tasks(step.id, in: begun).reversed() where task.needsUndo {
      guard let operation = leaves.first(where: { $0.id == task.operation }) else {
        throw EngineError(.unusable, "the journal has no operation \(task.operation) of step \(step.id)")
      }
      undo.append((task, try await operations(undoing: operation, task, program)))
    }
    if !tasks.contains(where: { $0.direction == .undo }), !undo.isEmpty { try await record(undo, program) }
    let runner = OperationRunner(
      shop: shop, ledger: ledger, step: step, holding: holding, phase: program.phase, program: program.attempt)
    for (task, operations) in undo {
      if case .file(let work)? = leaves.first(where: { $0.id == task.operation })?.work {
        try FileInterpreter(context: context(task, leaves), work: work).undo()
        if operations.isEmpty { try await note(undone: [task.task], program) }
      }
      try await runner.run(operations)
    }
  }

  /// What takes an operation back, under ids of its own.
  private func operations(
    undoing operation: Operation, _ task: TaskRecord, _ program: StoredProgram
  ) async throws -> [Operation] {
    let prefix = "undo-\(task.task)/"
    switch operation.undo {
    case .nothing: return []
    case .irreversible(let reason):
      throw EngineError(
        .blocked, "\(operation.title) cannot be taken back: \(reason)", step: step.id, operation: operation.title)
    case .operations(let operations): return operations.map { $0.prefixed(prefix) }
    case .recompile(let phase): return try await recompiled(phase, program).map { $0.prefixed(prefix) }
    }
  }

  /// A file's task is not turned before its file is back.
  private func record(_ undo: [(task: TaskRecord, operations: [Operation])], _ program: StoredProgram) async throws {
    let leaves = program.operations.flatMap(\.leaves)
    let files = Set(leaves.filter { $0.work.kind == "file" }.map(\.id))
    let tasks = undo.flatMap { task, operations in
      operations.flatMap(\.leaves).map { $0.task(undoes: task.task) }
    }
    let nothing = undo.filter { $0.operations.isEmpty && !files.contains($0.task.operation) }.map(\.task.task)
    try await note(undone: nothing, program, tasks)
  }

  private func note(undone nothing: [Int], _ program: StoredProgram, _ tasks: [JSON] = []) async throws {
    try await ledger.write(
      JournalSQL.insertUndoTasks(
        holding, phase: program.phase, program: program.attempt, tasks: .array(tasks), nothing: nothing))
  }

  /// The reverse phase, compiled from the catalog as it is now and kept, so that a resumed rollback runs the same.
  private func recompiled(_ phase: String, _ program: StoredProgram) async throws -> [Operation] {
    let stored = try await ledger.programs(step.id).last { $0.phase == program.phase && $0.direction == .undo }
    if let stored { return stored.operations }
    let compiled = try await shop.compiling { transaction in
      try await compiler.compile(
        step, phase: phase, carry: program.carry, tag: shop.tag, in: transaction)
    }
    if let refusal = compiled.program.refusals.first { throw EngineError(.refused, refusal.message, step: step.id) }
    try await ledger.storeReverse(compiled, for: holding, phase: program.phase)
    return compiled.program.operations
  }

  /// What a crash left in doubt: whoever can tell says whether there is anything to take back.
  private func settleDoubts(_ tasks: [TaskRecord], _ leaves: [Operation]) async throws {
    for task in tasks where task.state == .inDoubt || task.state == .intent {
      let context = try context(task, leaves)
      switch context.operation.work {
      case .autocommit(let work): try await settle(context, work)
      // Putting back what was never written does nothing.
      case .file: try await decide(context, .complete)
      case .process(let work):
        let verdict = try await ProcessInterpreter(context: context, work: work).verdict(withoutProbe: .complete)
        try await decide(context, verdict)
      default: continue
      }
    }
  }

  private func decide(_ context: TaskContext, _ verdict: ProbeVerdict) async throws {
    let task = context.task.task
    if context.task.state == .intent { try await ledger.write(JournalSQL.intentInDoubt(holding, task: task)) }
    try await ledger.write(JournalSQL.inDoubtDecided(holding, task: task, verdict))
  }

  private func settle(_ context: TaskContext, _ work: AutocommitWork) async throws {
    let session = try await shop.target.session(purpose: "undo")
    do {
      if context.task.state == .intent {
        try await session.fenced(JournalSQL.intentInDoubt(holding, task: context.task.task))
      }
      _ = try await InDoubt(context: context, work: work).decide(on: session)
      await session.close()
    } catch {
      await session.close()
      throw error
    }
  }

  private func context(_ task: TaskRecord, _ leaves: [Operation]) throws -> TaskContext {
    guard let operation = leaves.first(where: { $0.id == task.operation }) else {
      throw EngineError(.unusable, "the journal has no operation \(task.operation) of step \(step.id)")
    }
    return TaskContext(workshop: shop, step: step, task: task, holding: holding, operation: operation)
  }
}

extension TaskRecord {
  /// Its effect is in the database, whole or in part.
  var needsUndo: Bool {
    switch state {
    case .done, .running, .undoing: true
    case .pending, .skipped: chunks > 0
    default: false
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
