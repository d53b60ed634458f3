import FoundationEssentials
import Journal
import JSONText
import PlanModel
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// Journal traffic that does not ride on a work connection: claims, programs, ends of steps, reading back.
///
/// One connection, opened again when it breaks. Nothing is repeated here: a statement whose answer was lost is settled
/// by reading the journal, which the callers do.
actor Ledger {
  let run: String
  let runner: String
  private let target: Target
  private var connection: Connection?

  init(run: String, runner: String, target: Target) {
    self.run = run
    self.runner = runner
    self.target = target
  }

  func close() async {
    await connection?.close()
    connection = nil
  }

  // MARK: Talking

  func query(_ statement: SQL) async throws -> [Row] {
    try await talk { try await $0.pipeline([[statement]], prepare: true)[0].get()[0].rows }
  }

  /// A fenced transition: no row means that the step is not ours any more.
  @discardableResult
  func write(_ statement: SQL) async throws -> Row {
    guard let row = try await query(statement).first else { throw Replaced() }
    return row
  }

  /// One transaction.
  @discardableResult
  func together(_ statements: [SQL]) async throws -> [QueryResult] {
    try await talk { connection in
      do {
        return try await connection.batch(["BEGIN"] + statements + ["COMMIT"])
      } catch {
        await connection.rollback()
        throw error
      }
    }
  }

  func value(of query: SQL) async throws -> String? {
    try await talk { connection in
      do {
        let results = try await connection.batch(["BEGIN READ ONLY", query, "ROLLBACK"])
        return results[1].value
      } catch {
        await connection.rollback()
        throw error
      }
    }
  }

  /// An actor lets others in while it waits; a connection must not. `busy` is the queue.
  private var busy = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  private func talk<Value: Sendable>(_ body: @Sendable (Connection) async throws -> Value) async throws -> Value {
    if busy { await withCheckedContinuation { waiting.append($0) } }
    busy = true
    defer {
      busy = !waiting.isEmpty
      if !waiting.isEmpty { waiting.removeFirst().resume() }
    }
    let connection = try await opened()
    do {
      return try await body(connection)
    } catch let error as PostgresError where error.isConnectionLoss {
      await connection.close()
      self.connection = nil
      throw error
    }
  }

  private func opened() async throws -> Connection {
    if let connection, await connection.isOpen { return connection }
    let fresh = try await target.connect(purpose: "journal")
    connection = fresh
    return fresh
  }

  // MARK: Reading

  func step(_ id: String) async throws -> StepRecord {
    guard let row = try await query(JournalSQL.step(run: run, step: id)).first else {
      throw EngineError(.unusable, "the journal has no step \(id) in run \(run)")
    }
    return try StepRecord(row)
  }

  func steps() async throws -> [StepRecord] { try await query(JournalSQL.steps(run: run)).map(StepRecord.init) }

  func tasks(_ step: String, phase: Int, attempt: Int, direction: Direction) async throws -> [TaskRecord] {
    try await query(JournalSQL.tasks(run: run, step: step)).map(TaskRecord.init)
      .filter { $0.phase == phase && $0.attempt == attempt && $0.direction == direction }
  }

  func allTasks(_ step: String) async throws -> [TaskRecord] {
    try await query(JournalSQL.tasks(run: run, step: step)).map(TaskRecord.init)
  }

  func task(_ record: TaskRecord) async throws -> TaskRecord {
    guard let row = try await query(JournalSQL.task(run: run, step: record.step, task: record.task)).first else {
      throw EngineError(.unusable, "task \(record.task) of step \(record.step) is gone from the journal")
    }
    return try TaskRecord(row)
  }

  func carry(into phase: Int, of step: String) async throws -> JSON {
    guard phase > 1, let before = try await program(step, phase: phase - 1) else { return .null }
    return before.carry
  }

  // MARK: Losing and finding the server

  enum Holding { case held, finished, lost }

  func holding(_ step: String, fence: Int64) async -> Holding {
    guard let record = try? await self.step(step) else { return .lost }
    guard record.fence == fence else { return .lost }
    switch record.state {
    case .running, .undoing: return .held
    case .done, .undone: return .finished
    default: return .lost
    }
  }

  /// Tries once a second until the server answers, for at most ten minutes.
  func awaitServer(stop: StopSignal) async -> Bool {
    for _ in 0..<600 {
      if stop.isRequested { return false }
      if (try? await query("SELECT 1")) != nil { return true }
      await stop.sleep(milliseconds: 1_000)
    }
    return false
  }
}
