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

  private func takeBack(anew: Bool) async throws {
    let programs = try await ledger.programs(step.id).filter { $0.direction == .forward }
    for program in programs.reversed() {
      if anew { try await renew(program) }
      try await takeBack(program)
    }
    try await ledger.write(JournalSQL.finishUndo(holding))
  }

  private func takeBack(_ program: StoredProgram) async throws {
    let leaves = program.operations.flatMap(\.leaves)
    let tasks = try await ledger.tasks(step.id).filter { $0.phase == program.phase && $0.attempt == program.attempt }
    let begun = tasks.filter { $0.direction == .forward && $0.hasBegun }
    try await DoubtSettler(shop: shop, ledger: ledger, step: step, holding: holding, program: program).settle(begun)
    var steps: [UndoStep] = []
    for task in try await ledger.tasks(step.id, in: begun).reversed() where task.needsUndo {
      guard let operation = leaves.first(where: { $0.id == task.operation }) else {
        throw EngineError(.unusable, "the journal has no operation \(task.operation) of step \(step.id)")
      }
      steps.append(UndoStep(task: task, of: operation, try await operations(undoing: operation, task, program)))
    }
    for bracket in leaves where bracket.isBracket {
      guard let marker = tasks.first(where: { $0.operation == bracket.id && $0.direction == .forward }) else { continue }
      let whole = bracket.undo == .nothing ? nil : try await operations(undoing: bracket, marker, program)
      steps = UndoStep.bracketed(steps, bracket, marker, whole: whole)
    }
    if !tasks.contains(where: { $0.direction == .undo }), !steps.isEmpty { try await record(steps, program) }
    try await takeResources(steps.flatMap(\.operations))
    let runner = OperationRunner(
      shop: shop, ledger: ledger, step: step, holding: holding, phase: program.phase, program: program.attempt)
    for one in steps { try await runner.run(one.operations) }
  }

  /// Waits until other runs have given them back.
  private func takeResources(_ operations: [Operation]) async throws {
    while true {
      do { return try await ledger.takeResources(operations, for: holding) } catch is ResourcesTaken {
        if shop.stop.isRequested { throw Interrupted() }
        await shop.stop.sleep(milliseconds: 500)
      }
    }
  }

  /// What takes an operation back, under ids of its own.
  private func operations(
    undoing operation: Operation, _ task: TaskRecord, _ program: StoredProgram
  ) async throws -> [Operation] {
    let prefix = Self.prefix(task, round: 1)
    let files = operation.writesFiles ? [operation.takingBack(task.task)] : []
    switch operation.undo {
    case .nothing: return files
    case .irreversible(let reason):
      throw EngineError(
        .blocked, "\(operation.title) cannot be taken back: \(reason)", step: step.id, operation: operation.title)
    case .operations(let operations): return files + operations.map { $0.prefixed(prefix) }
    case .recompile(let phase):
      let operations = try await recompiled(phase, program)
      let round = try await reverses(phase, program).count
      return operations.map { $0.prefixed(Self.prefix(task, round: round)) }
    }
  }

  /// Operations of a reverse phase that was compiled again have ids of their own.
  static func prefix(_ task: TaskRecord, round: Int) -> String {
    round > 1 ? "undo-\(task.task)/\(round)/" : "undo-\(task.task)/"
  }

  /// What was compiled to take a phase back, oldest first.
  func reverses(_ phase: String, _ program: StoredProgram) async throws -> [StoredProgram] {
    try await ledger.programs(step.id).filter {
      $0.phase == program.phase && $0.direction == .undo && $0.name == phase
    }
  }

  private func record(_ undo: [UndoStep], _ program: StoredProgram) async throws {
    let tasks = undo.flatMap { one in
      one.operations.flatMap(\.leaves).map { $0.task(undoes: one.forward[$0.id] ?? one.task.task) }
    }
    let taken = Set(tasks.compactMap { $0["undoes"]?.int.map { Int($0) } })
    let nothing = undo.flatMap { [$0.task.task] + $0.beside }.filter { !taken.contains($0) }
    try await ledger.write(
      JournalSQL.insertUndoTasks(
        holding, phase: program.phase, program: program.attempt, tasks: .array(tasks), nothing: nothing))
  }

  /// The reverse phase, compiled from the catalog as it is now and kept, so that a resumed rollback runs the same.
  private func recompiled(_ phase: String, _ program: StoredProgram) async throws -> [Operation] {
    if let stored = try await reverses(phase, program).last { return stored.operations }
    let compiled = try await compileReverse(phase, program)
    try await ledger.write(ledger.reverse(compiled, for: holding, phase: program.phase))
    return compiled.program.operations
  }

  func compileReverse(_ phase: String, _ program: StoredProgram) async throws -> CompiledPhase {
    let compiled = try await shop.compiling { transaction in
      try await compiler.compile(
        step, phase: phase, carry: program.carry, tag: shop.tag, in: transaction)
    }
    try refuse(compiled.program.refusals)
    return compiled
  }

  /// All at once: who mends one does not want to meet the next by trying again.
  private func refuse(_ refusals: [Finding]) throws {
    guard !refusals.isEmpty else { return }
    let messages = refusals.map(\.message)
    let listed = messages.enumerated().map { "\($0 + 1). \($1)" }.joined(separator: "; ")
    let choices = refusals.flatMap(\.choices).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    throw EngineError(
      .refused, messages.count == 1 ? messages[0] : "\(messages.count) things stand in the way: \(listed)",
      hint: choices.isEmpty ? nil : "choices: \(choices.joined(separator: "; "))", step: step.id)
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
