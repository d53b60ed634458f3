import Journal
import PlanModel
package import PluginAPI
import PostgresClient
import RunModel
import SQLText

extension Runner {
  /// Takes the latest run of this plan back, or what came after step `kept`.
  /// `keeping`: steps that stay, with what they need.
  package func rollback(to kept: String? = nil, keeping: Set<String> = [], reason: String? = nil) async throws -> RunReport {
    let connection = try await target.work()
    let run = try await runToUndo(on: connection)
    // Killed at its very end, or typed twice: as with apply, there is nothing left to do.
    if run.state == .rolledBack { return RunReport(run: run.id, ending: .rolledBack, steps: []) }
    try await UndoCheck(run: run, target: target, keeping: keeping).refuse(on: connection)
    await target.giveBack(connection)
    let session = try await RunSession.open(self, run: run.id, resumed: true)
    do {
      let report = try await UndoLoop(session: session).run(to: kept, keeping: keeping, reason: reason)
      await session.close()
      return report
    } catch {
      await session.close()
      throw error
    }
  }

  /// What a rollback would run, in order; writes nothing.
  package func rollbackPreview() async throws -> [(step: String, operation: Operation)] {
    let connection = try await target.work()
    let run = try await runToUndo(on: connection)
    if run.state == .rolledBack {
      await target.giveBack(connection)
      return []
    }
    try await UndoCheck(run: run, target: target).refuse(on: connection)
    let reader = JournalReader(connection)
    var operations: [(step: String, operation: Operation)] = []
    for step in try await reader.standings(run: run.id).reversed() where step.attempt > 0 && step.state != .undone {
      let tasks = try await reader.tasks(run: run.id, step: step.step).filter(\.needsUndo)
      for program in try await reader.programs(run: run.id, step: step.step).reversed() where program.direction == .forward {
        let leaves = try OperationText.operations(program.operations).flatMap(\.leaves)
        for leaf in leaves.reversed() where tasks.contains(where: { $0.operation == leaf.id && $0.phase == program.phase && $0.attempt == program.attempt }) {
          operations.append((step.step, leaf))
        }
      }
    }
    await target.giveBack(connection)
    return operations
  }

  private func runToUndo(on connection: Connection) async throws -> RunRecord {
    let access = JournalAccess(target: target)
    guard try await access.exists(on: connection) else {
      throw EngineError(.unknown, "there is no journal in this database, so there is nothing to roll back")
    }
    if let refusal = try await CloneCheck.run(on: connection, target: target.address.name).refusal { throw refusal }
    let run = try await JournalReader(connection).latestRun(plan: resolved.plan.name, environment: resolved.environment.name)
    guard let run else { throw EngineError(.unknown, "this plan has never run here") }
    guard run.planHash == resolved.planHash else {
      throw EngineError(
        .drift, "the plan was edited since run \(run.id.prefix(8))",
        hint: "roll back with the files the run began with (version control has them)")
    }
    return run
  }
}

/// A run must not be taken back under a later one that built on it, nor across a point of no return.
struct UndoCheck {
  let run: RunRecord
  let target: Target
  /// Steps that are not to be taken back.
  var keeping: Set<String> = []

  func refuse(on connection: Connection) async throws {
    let reader = JournalReader(connection)
    let mine = try await relations(of: run.id, reader)
    let later = try await reader.history(limit: 1_000).filter {
      $0.createdAt > run.createdAt && $0.id != run.id && $0.state != .rolledBack && !isFiring($0)
    }
    let firing = try await reader.liveRuns().first { isFiring($0) && $0.state == .running }
    if let firing {
      throw EngineError(
        .held, "run \(firing.id.prefix(8)) of this plan's schedule is at work (\(firing.variant))",
        hint: "caisson schedule pause, and wait for its end")
    }
    for other in later {
      let shared = try await relations(of: other.id, reader).intersection(mine)
      guard shared.isEmpty else {
        throw EngineError(
          .refused,
          "run \(other.id.prefix(8)) of \(other.plan) came later and changed \(shared.map(\.description).sorted().joined(separator: ", "))",
          hint: "roll that run back first")
      }
    }
    if let (step, reason) = try await pointsOfNoReturn(reader).first(where: { !keeping.contains($0.step) }) {
      throw EngineError(.refused, "step \(step) is a point of no return: \(reason)", step: step)
    }
  }

  /// A scheduled step run again is part of what the plan has made: it goes with the plan.
  private func isFiring(_ other: RunRecord) -> Bool {
    other.variant.hasPrefix(Firing.variantPrefix) && other.plan == run.plan && other.environment == run.environment
  }

  private func relations(of run: String, _ reader: JournalReader) async throws -> Set<QualifiedName> {
    let done = Set(try await reader.standings(run: run).filter { $0.state == .done && $0.attempt > 0 }.map(\.step))
    return try await reader.programs(run: run).filter { done.contains($0.step) }.reduce(into: []) { all, program in
      let effects = ProgramEffects(of: try OperationText.operations(program.operations))
      all.formUnion(effects.shaped.union(effects.indexed))
    }
  }

  /// Those that the run has passed.
  func pointsOfNoReturn(_ reader: JournalReader) async throws -> [(step: String, reason: String)] {
    var points: [(step: String, reason: String)] = []
    for program in try await reader.programs(run: run.id) where program.direction == .forward {
      for leaf in try OperationText.operations(program.operations).flatMap(\.leaves) {
        guard case .irreversible(let reason) = leaf.undo else { continue }
        let tasks = try await reader.tasks(run: run.id, step: program.step)
        if tasks.contains(where: { $0.operation == leaf.id && $0.needsUndo }) {
          points.append((program.step, reason))
        }
      }
    }
    return points
  }
}
