import Journal
import JSONText
import PlanModel
import PluginAPI
import PostgresClient
import RunModel

/// How one holding of a step ended.
enum StepOutcome: Sendable {
  case done
  case failed(EngineError)
  /// Released untouched or at a checkpoint; somebody may claim it again.
  case released(reason: String)
  case blocked(reason: String)
  /// A gate is closed: it was not begun.
  case gated(ClosedGate)
  /// Another runner has it.
  case replaced
}

/// Carries one claimed step to its end: phases in order, operations in order, each task once.
///
/// It is written as a reconciliation: whatever happened before (a crash, a lost connection, a takeover), it reads the
/// tasks and goes on from there.
struct StepRunner {
  let shop: Workshop
  let compiler: Compiler
  let ledger: Ledger
  let step: PlanStep
  let holding: Holding
  /// What was shown before the run began; a different program now is drift.
  let expected: CompiledPhase?
  let gatekeeper: Gatekeeper

  func run() async -> StepOutcome {
    await Reconciliation(shop: shop, ledger: ledger, step: step, holding: holding).run(carryOut)
  }

  private func carryOut(anew: Bool) async throws {
    var anew = anew
    let phases = compiler.phases(of: step)
    var phase = try await ledger.step(step.id).phase
    var carry = try await ledger.carry(into: phase, of: step.id)
    while phase <= phases.count {
      if let closed = try await gatekeeper.closedBeforeNextPhase(of: step) { throw GateClosed(gate: closed) }
      let program = try await program(phase: phase, named: phases[phase - 1], carry: carry, anew: anew)
      anew = false
      try await OperationRunner(
        shop: shop, ledger: ledger, step: step, holding: holding, phase: phase, program: program.attempt
      ).run(program.operations)
      carry = program.carry
      phase += 1
      guard phase <= phases.count else { break }
      if let delay = try compiler.delay(before: phases[phase - 1], of: step) {
        return try await ledger.putOff(holding, to: phase, by: delay.duration)
      }
      try await ledger.write(JournalSQL.nextPhase(holding, to: phase))
    }
    try await ledger.finish(holding)
  }

  // MARK: Programs

  /// What is in the journal already, when any of it has begun; otherwise compiled from the catalog as it is now. `anew`:
  /// compiled again although some of it is done, if that has left nothing behind that would have to be taken back.
  private func program(phase: Int, named name: String, carry: JSON, anew: Bool) async throws -> StoredProgram {
    if let stored = try await ledger.program(step.id, phase: phase) {
      let tasks = try await ledger.tasks(step.id).filter {
        $0.phase == phase && $0.attempt == stored.attempt && $0.direction == .forward
      }
      let begun = tasks.filter(\.hasBegun)
      let isForgotten = anew && begun.allSatisfy { $0.isFinished && stored.leavesNothing($0) }
      if !begun.isEmpty, !isForgotten {
        try await ledger.takeResources(stored.operations, for: holding)
        return stored
      }
    }
    let compiled = try await compile(name, carry: carry)
    try refuse(compiled)
    if !compiled.program.gates.isEmpty, let closed = try await gatekeeper.closed(compiled.program.gates, for: step) {
      throw GateClosed(gate: closed)
    }
    if phase == 1, !anew, let expected, expected.operations != compiled.operations { throw drift(expected, compiled) }
    if compiled.isLocal { try await staysHere() }
    try await ledger.takeResources(compiled.operations, for: holding)
    return try await ledger.store(compiled, for: holding, phase: phase)
  }

  /// Files and programs are those of the host where the run was submitted, or that the plan names.
  private func staysHere() async throws {
    let row = try await ledger.write(JournalSQL.localize(holding))
    guard try !row.bool("here") else { return }
    throw ElsewhereOnly(host: row["host"] ?? "another host")
  }

  private func compile(_ phase: String, carry: JSON) async throws -> CompiledPhase {
    try await shop.compiling { transaction in
      try await compiler.compile(step, phase: phase, carry: carry, tag: shop.tag, in: transaction)
    }
  }

  private func refuse(_ compiled: CompiledPhase) throws {
    try compiled.refuseIrreversible(unless: shop.accepting)
    guard let refusal = compiled.program.refusals.first else { return }
    let choices = refusal.choices.joined(separator: "; ")
    throw EngineError(.refused, refusal.message, hint: choices.isEmpty ? nil : "choices: \(choices)", step: step.id)
  }

  private func drift(_ before: CompiledPhase, _ now: CompiledPhase) -> EngineError {
    let changed = zip(before.operations.map(\.title), now.operations.map(\.title)).first { $0 != $1 }
    return EngineError(
      .drift,
      "step \(step.id) compiles to other statements than were shown when the run began"
        + (changed.map { ": `\($0.0)` became `\($0.1)`" } ?? ""),
      hint: "the database was changed meanwhile: look at caisson plan, then run caisson resume", step: step.id)
  }
}

extension Workshop {
  /// A READ ONLY transaction for one compilation; it has ended when this returns.
  func compiling<Value: Sendable>(_ body: @Sendable (FactsTransaction) async throws -> Value) async throws -> Value {
    let connection = try await target.work()
    let transaction = FactsTransaction(connection)
    do {
      let value = try await body(transaction)
      await transaction.end()
      await target.giveBack(connection)
      return value
    } catch {
      await transaction.end()
      await target.giveBack(connection)
      throw error
    }
  }
}

extension StoredProgram {
  /// Nothing of a task's work has to be taken back.
  func leavesNothing(_ task: TaskRecord) -> Bool {
    operation(of: task)?.undo == .nothing
  }
}

extension TaskRecord {
  /// Something of it is, or may be, in the database.
  var hasBegun: Bool { ![.pending, .skipped, .undone].contains(state) || (chunks > 0 && state != .undone) }
  var isFinished: Bool { [.done, .skipped, .undone].contains(state) }
}
