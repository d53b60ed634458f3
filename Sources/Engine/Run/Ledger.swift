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
  private var hasBeenOpen = false

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
    try await talk { try await $0.batch([statement], prepare: true)[0].rows }
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
    do { try await refuseAnotherServer(fresh) } catch {
      await fresh.close()
      throw error
    }
    connection = fresh
    return fresh
  }

  /// The server that answers again after it was lost may be a promoted standby, which lacks the last commits.
  private func refuseAnotherServer(_ fresh: Connection) async throws {
    defer { hasBeenOpen = true }
    guard hasBeenOpen, let refusal = try await CloneCheck.run(on: fresh, target: target.address.name).refusal
    else { return }
    throw refusal
  }

  // MARK: Reading

  /// A look may be repeated: a lost connection is only a reason to ask again.
  func records<Value: Sendable>(_ read: @Sendable (JournalReader) async throws -> Value) async throws -> Value {
    try await again { try await self.talk { try await read(JournalReader($0)) } }
  }

  /// A statement that does no harm the second time.
  func repeatable(_ statement: SQL) async throws -> [Row] { try await again { try await self.query(statement) } }

  /// For ten seconds at most.
  private func again<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    for _ in 0..<20 {
      do { return try await body() } catch let error as PostgresError where error.isConnectionLoss {
        if Task.isCancelled { throw error }
        try? await Task.sleep(for: .milliseconds(500))
      }
    }
    return try await body()
  }

  /// This process's own holding of a step, where the answer to its claim was lost.
  func ownHolding(of id: String, _ direction: Direction) async throws -> Holding? {
    let record = try await step(id)
    guard record.holder == runner, !record.leaseExpired, record.state == (direction == .forward ? .running : .undoing)
    else { return nil }
    return Holding(
      run: run, step: id, fence: record.fence, attempt: record.attempt, phase: record.phase, direction: direction,
      runner: runner)
  }

  func runRecord() async throws -> RunRecord {
    guard let record = try await records({ [run] in try await $0.run(run) }) else {
      throw EngineError(.unknown, "the journal has no run \(run)")
    }
    return record
  }

  /// Stays the same when the plan is amended: what the run has made so far is found by it.
  func tag(variant: String) async throws -> RunTag {
    guard let row = try await repeatable(JournalSQL.origin(run)).first else {
      throw EngineError(.unknown, "the journal has no run \(run)")
    }
    return RunTag(planHash: try row.string("origin"), variant: variant, earlier: try row.int("earlier"))
  }

  /// What first phases were certain to be when the run was created or amended, by step.
  func shown() async throws -> [String: [Operation]] {
    try await repeatable(JournalSQL.shown(run)).reduce(into: [:]) { all, row in
      all[try row.string("step")] = try OperationText.operations(JSON(parsing: row.string("operations")))
    }
  }

  /// Needs by step, as the journal has them: those of steps that are done outlive an amendment.
  func needs() async throws -> [(String, [String])] {
    try await repeatable("SELECT step, needs FROM caisson.step WHERE run_id = \(run) ORDER BY ord, step").map {
      (try $0.string("step"), try $0.strings("needs"))
    }
  }

  func steps() async throws -> [StepRecord] { try await records { [run] in try await $0.steps(run: run) } }

  func standings() async throws -> [StepStanding] { try await records { [run] in try await $0.standings(run: run) } }

  func step(_ id: String) async throws -> StepRecord {
    guard let record = try await records({ [run] in try await $0.step(id, run: run) }) else {
      throw EngineError(.unusable, "the journal has no step \(id) in run \(run)")
    }
    return record
  }

  func tasks(_ step: String) async throws -> [TaskRecord] {
    try await records { [run] in try await $0.tasks(run: run, step: step) }
  }

  /// Of one operation of a program.
  func tasks(
    _ step: String, of operation: String, phase: Int, program: Int, direction: Direction
  ) async throws -> [TaskRecord] {
    try await records { [run] in
      try await $0.tasks(run: run, step: step, of: operation, phase: phase, program: program, direction: direction)
    }
  }

  /// The same tasks as they are now.
  func tasks(_ step: String, in known: [TaskRecord]) async throws -> [TaskRecord] {
    let numbers = known.map(\.task)
    return try await records { [run] in try await $0.tasks(run: run, step: step, numbered: numbers) }
  }

  func task(_ record: TaskRecord) async throws -> TaskRecord {
    guard let now = try await tasks(record.step, in: [record]).first else {
      throw EngineError(.unusable, "task \(record.task) of step \(record.step) is gone from the journal")
    }
    return now
  }

  func carry(into phase: Int, of step: String) async throws -> JSON {
    guard phase > 1, let before = try await program(step, phase: phase - 1) else { return .null }
    return before.carry
  }

  /// The end of a step; what waited for it becomes ready in the next transaction.
  func finish(_ holding: Holding) async throws {
    let row = try await write(JournalSQL.finishStep(holding))
    _ = try await query(JournalSQL.promote(run: run, wantedBy: try row.strings("wanted_by")))
  }

  /// The same for a step that has a phase left for later.
  func putOff(_ holding: Holding, to phase: Int, by delay: Duration) async throws {
    let row = try await write(JournalSQL.putOff(holding, to: phase, by: delay))
    _ = try await query(JournalSQL.promote(run: run, wantedBy: try row.strings("wanted_by")))
  }

  /// A runner of this host whose process is gone holds nothing any more.
  func buryDeadRunners() async throws {
    for record in try await records({ [run] in try await $0.holders(run: run) })
    where ThisProcess.isDead(host: record.host, bootID: record.bootID, pid: record.processID, start: record.processStart) {
      _ = try await repeatable(JournalSQL.declareDead(record.id, actor: runner))
    }
  }

  // MARK: Losing and finding the server

  enum Standing { case held, finished, lost }

  /// Where the journal cannot be read, nothing says that the holding is lost: the next write will.
  func standing(of holding: Holding) async -> Standing {
    guard let record = try? await step(holding.step) else { return .held }
    guard record.fence == holding.fence else { return .lost }
    switch record.state {
    case .running, .undoing: return .held
    case .done, .undone: return .finished
    default: return .lost
    }
  }

  /// Tries once a second until the server answers, for at most ten minutes. A cancelled task, whose lease is lost or
  /// whose time is up, would be refused by its own connection every time.
  func awaitServer(stop: StopSignal) async -> Bool {
    for _ in 0..<600 {
      do {
        _ = try await query("SELECT 1")
        return true
      } catch is JournalError {
        // It answers, and is not to be written to: who goes on hears why.
        return false
      } catch {}
      if stop.isRequested || Task.isCancelled { return false }
      await stop.sleep(milliseconds: 1_000)
    }
    return false
  }
}
