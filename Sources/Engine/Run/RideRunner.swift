import Journal
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText

/// Steps that are one transaction and depend on nothing but their parameters: claim, work, record and COMMIT travel
/// together, several steps in one round trip. Every step still has its task, attempt and event rows and its own flush.
struct RideRunner {
  enum Ending: Sendable {
    case done
    /// Not claimable this way just now, or failed: the ordinary path tries it and records what happens.
    case ordinary
    /// Not sent, or its answer was lost: the journal knows.
    case unknown
  }

  let shop: Workshop

  func run(_ phases: [CompiledPhase]) async -> [Ending] {
    guard let connection = try? await shop.target.stepWork() else { return phases.map { _ in .unknown } }
    let endings = await send(phases, on: connection)
    await shop.target.giveBack(connection)
    return endings
  }

  private func send(_ phases: [CompiledPhase], on connection: Connection) async -> [Ending] {
    if phases.count == 1, phases[0].needsAnswer { return [await checked(phases[0], on: connection)] }
    let key = shop.inFlight.begin(step: phases[0].step.id, pid: Int(connection.backendPID))
    let quiet = shop.stop.canceling(connection.cancelToken)
    defer {
      shop.inFlight.end(key)
      quiet()
    }
    do {
      let batches = phases.map { opening($0, on: connection) + ending($0) + ["COMMIT"] }
      return try await connection.pipeline(batches, prepare: true).map { outcome in
        switch outcome {
        case .done: .done
        case .failed(let error, _, _): error.isConnectionLoss ? .unknown : .ordinary
        }
      }
    } catch {
      await connection.rollback()
      // Refused before anything was sent, for a secret that is not there: the ordinary path says so.
      return phases.map { _ in error.kind == .server ? .ordinary : .unknown }
    }
  }

  /// An expectation has to be read before COMMIT.
  private func checked(_ phase: CompiledPhase, on connection: Connection) async -> Ending {
    let work = phase.transaction
    let context = StallBudget(shop: shop, step: phase.step, stallsOthers: phase.stallsOthers)
    do {
      let ending = ending(phase)
      let results = try await context.guarding(connection) { try await connection.batch(opening(phase, on: connection) + ending) }
      let answers = results.dropLast(ending.count).suffix(work.statements.count)
      guard zip(work.statements, answers).allSatisfy({ $0.expect.problem(with: $1) == nil }) else {
        await connection.rollback()
        return .ordinary
      }
    } catch {
      await connection.rollback()
      return .ordinary
    }
    do {
      try await connection.commit()
      return .done
    } catch {
      await connection.rollback()
      return error.isConnectionLoss ? .unknown : .ordinary
    }
  }

  private func opening(_ phase: CompiledPhase, on connection: Connection) -> [SQL] {
    let work = phase.transaction
    var batch: [SQL] = ["BEGIN ISOLATION LEVEL \(sql: work.isolation.rawValue)"]
    batch += connection.entering(
      work.entry, lockTimeout: phase.step.policy.maxStall.duration, role: shop.target.address.role)
    batch += connection.openingStatements(
      lockTimeout: phase.step.policy.maxStall.duration, statementTimeout: phase.statementTimeout)
    batch.append(JournalSQL.ride(run: shop.run, step: phase.step.id, runner: shop.runner))
    if phase.takesTime { batch.append(JournalSQL.rideBegun(run: shop.run, step: phase.step.id, relations: phase.footprint.json)) }
    batch += (work.settings + phase.step.policy.holdingBack).map { "SELECT set_config(\($0.name), \($0.value), true)" }
    if let role = shop.target.address.role { batch.append("SET LOCAL ROLE \(id: role)") }
    return batch + work.statements.map(\.sql)
  }

  /// Before COMMIT.
  private func ending(_ phase: CompiledPhase) -> [SQL] {
    guard phase.takesTime else { return ["RESET ROLE"] }
    return ["RESET ROLE", JournalSQL.rideEnded(run: shop.run, step: phase.step.id, stalls: phase.stallsOthers)]
  }
}

extension CompiledPhase {
  var transaction: TransactionWork {
    if case .transaction(let work)? = program.operations.first?.work { work } else { TransactionWork([]) }
  }

  var stallsOthers: Bool { program.leaves.contains { $0.locks.contains { $0.mode.stallsOthers } } }

  /// True when it must travel alone: an expectation to read, or a lock whose hold has a deadline.
  var needsAnswer: Bool { stallsOthers || transaction.statements.contains { $0.expect != .any } }

  var statementTimeout: Duration {
    step.policy.statementLimit ?? (stallsOthers ? .seconds(15) : .zero)
  }
}
