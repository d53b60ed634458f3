import Catalog
import Journal
import JSONText
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// What every interpreter shares within one run.
struct Workshop: Sendable {
  let run: String
  let tag: RunTag
  let runner: String
  var target: Target
  let capabilities: Capabilities
  let folder: String
  /// Steps whose points of no return the environment accepts.
  let accepting: Set<String>
  /// The program that guards an open bracket.
  let guardian: String
  var stop: StopSignal
  let inFlight: InFlight
  let reporter: Reporter

  var own: OwnProgram { OwnProgram(path: guardian, secrets: secrets) }
  /// The target's connections have the same.
  var secrets: SecretSource { target.address.secrets }
}

/// One task: the operation (or one slice of it) that an interpreter carries out under a fence.
struct TaskContext: Sendable {
  let workshop: Workshop
  let step: PlanStep
  let task: TaskRecord
  let holding: Holding
  let operation: Operation
  var pace = ChunkPace()
  /// In an earlier try others waited so many milliseconds for it.
  var stalled = 0.0
  let began = ContinuousClock.now

  var policy: Policy { step.policy }
  var run: String { workshop.run }

  /// Locks that make others wait count against `max_stall`, wait and hold together.
  var stallsOthers: Bool { operation.locks.contains { $0.mode.stallsOthers } }

  var lockTimeout: Duration { policy.maxStall.duration }

  /// Catalog changes are quick or wrong: 15 s unless the step says otherwise. Work on rows has no limit of its own.
  var statementTimeout: Duration {
    policy.statementLimit ?? (stallsOthers ? .seconds(15) : .zero)
  }

  var budget: StallBudget { StallBudget(shop: workshop, step: step, stallsOthers: stallsOthers) }

  func report(_ event: EngineEvent) { workshop.reporter(event) }
}

extension TaskContext {
  /// Its effect may be there.
  var isInDoubt: Bool { task.state == .intent || task.state == .inDoubt }

  /// Records what a probe found.
  @discardableResult
  func decide(_ verdict: ProbeVerdict, on connection: Connection) async throws -> ProbeVerdict {
    if task.state == .intent { try await connection.fenced(JournalSQL.intentInDoubt(holding, task: task.task)) }
    try await connection.fenced(JournalSQL.inDoubtDecided(holding, task: task.task, verdict))
    return verdict
  }

  /// Marks the task done where no work transaction did.
  func record(_ result: JSON?, on connection: Connection) async throws {
    try await connection.fenced(JournalSQL.taskDone(holding, task: task.task, result: result, spent: (ContinuousClock.now - began).inSeconds))
  }
}

/// Another runner has the step now: stop without touching anything.
struct Replaced: Error, Sendable {}

/// The phase has to be compiled and run again (an expectation with `retry_phase` was not met).
struct PhaseRetry: Error, Sendable { let reason: String }

/// The task's row is further than it was when it was read: look again.
struct TaskMoved: Error, Sendable, CustomStringConvertible {
  var description: String { "an earlier COMMIT came through after its connection was lost" }
}

/// The stop signal ended a task early; what was done is recorded.
struct Interrupted: Error, Sendable {}

/// A person has to decide; the reason says what is known.
struct NeedsPerson: Error, Sendable { let reason: String }

extension Policy {
  /// `nil`: the step does not say; zero: no limit.
  var statementLimit: Duration? { statementTimeout.map { $0.span?.duration ?? .zero } }
}

extension Policy.Retry {
  var policy: RetryPolicy {
    RetryPolicy(attempts: attempts, shortest: backoff.lowest.duration, longest: backoff.highest.duration)
  }
}
