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
  let fence: Int64
  /// What was shown before the run began; a different program now is drift.
  let expected: CompiledPhase?

  func run() async -> StepOutcome {
    var lost = 0
    while true {
      do {
        try await carryOut()
        return .done
      } catch {
        let failure = Failure(error)
        guard failure.isConnectionLoss, lost < step.policy.retry.attempts else { return await settle(failure) }
        lost += 1
        report("connection lost; looking again", attempt: lost)
        guard await ledger.awaitServer(stop: shop.stop) else { return .released(reason: "the server does not answer") }
        switch await ledger.holding(step.id, fence: fence) {
        case .finished: return .done
        case .lost: return .replaced
        case .held: continue
        }
      }
    }
  }

  private func carryOut() async throws {
    var phase = try await ledger.step(step.id).phase
    var carry = try await ledger.carry(into: phase, of: step.id)
    let phases = compiler.phases(of: step)
    while phase <= phases.count {
      let program = try await program(phase: phase, carry: carry)
      try await OperationRunner(shop: shop, ledger: ledger, step: step, fence: fence, phase: phase, attempt: program.attempt)
        .run(program.operations)
      carry = program.carry
      phase += 1
      if phase <= phases.count { try await ledger.write(JournalSQL.nextPhase(holding, phase: phase)) }
    }
    try await ledger.write(JournalSQL.finishStep(holding, doneBy: .engine))
  }

  private var holding: StepKey { StepKey(run: shop.run, step: step.id, fence: fence) }

  // MARK: Programs

  /// What is in the journal already, when any of it has begun; otherwise compiled from the catalog as it is now.
  private func program(phase: Int, carry: JSON) async throws -> StoredProgram {
    if let stored = try await ledger.program(step.id, phase: phase) {
      let tasks = try await ledger.tasks(step.id, phase: phase, attempt: stored.attempt, direction: .forward)
      if tasks.contains(where: \.hasBegun) || (tasks.isEmpty && stored.operations.isEmpty) { return stored }
      try await ledger.write(JournalSQL.voidPhase(holding, phase: phase))
    }
    return try await compileAndStore(phase: phase, carry: carry)
  }

  private func compileAndStore(phase: Int, carry: JSON) async throws -> StoredProgram {
    let compiled = try await compile(phase: phase, carry: carry)
    try refuse(compiled)
    if phase == 1, let expected, expected.operations != compiled.operations { throw drift(expected, compiled) }
    try await ledger.takeResources(compiled.program, for: holding)
    return try await ledger.store(compiled.program, for: holding, phase: phase, name: compiled.phase, digest: compiled.factsDigest)
  }

  private func compile(phase: Int, carry: JSON) async throws -> CompiledPhase {
    let connection = try await shop.target.work()
    let transaction = FactsTransaction(connection)
    do {
      let compiled = try await compiler.compile(
        step, phase: compiler.phases(of: step)[phase - 1], carry: carry, runTag: shop.runTag(step.id), in: transaction)
      await transaction.end()
      await shop.target.giveBack(connection)
      return compiled
    } catch {
      await transaction.end()
      await shop.target.giveBack(connection)
      throw error
    }
  }

  private func refuse(_ compiled: CompiledPhase) throws {
    guard let refusal = compiled.program.refusals.first else { return }
    throw EngineError(
      .refused, refusal.message, hint: refusal.choices.isEmpty ? nil : "choices: " + refusal.choices.joined(separator: "; "),
      step: step.id)
  }

  private func drift(_ before: CompiledPhase, _ now: CompiledPhase) -> EngineError {
    let changed = zip(before.operations.map(\.title), now.operations.map(\.title)).first { $0 != $1 }
    return EngineError(
      .drift, "step \(step.id) compiles to other statements than were shown when the run began"
        + (changed.map { ": `\($0.0)` became `\($0.1)`" } ?? ""),
      hint: "somebody changed the database meanwhile: look at `caisson plan`, then run `caisson resume`", step: step.id)
  }

  // MARK: Ends

  private func settle(_ failure: Failure) async -> StepOutcome {
    do {
      switch failure.kind {
      case .replaced:
        return .replaced
      case .interrupted:
        try await ledger.write(JournalSQL.release(holding, outcome: .canceled))
        return .released(reason: "stopped at a checkpoint")
      case .busy(let why):
        try await ledger.write(JournalSQL.waiting(holding, reason: why, delay: .seconds(1)))
        return .released(reason: why)
      case .person(let why):
        try await ledger.write(JournalSQL.blocked(holding, reason: why))
        return .blocked(reason: why)
      case .error(let error):
        try await ledger.write(JournalSQL.stepFailed(holding, reason: error.message, error: failure.record))
        return .failed(error.at(step: step.id))
      }
    } catch {
      return Failure(error).kind.isReplaced ? .replaced : .failed(failure.engineError.at(step: step.id))
    }
  }

  private func report(_ reason: String, attempt: Int) {
    shop.reporter(
      .retrying(step: step.id, attempt: attempt, of: step.policy.retry.attempts, afterMilliseconds: 0, reason: reason))
  }
}

extension TaskRecord {
  /// Something of it is, or may be, in the database.
  var hasBegun: Bool { ![.pending, .skipped].contains(state) || chunks > 0 }
}
