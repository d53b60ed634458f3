import Journal
import JSONText
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText

/// Read-only looks: a wait that says why, queries with an expectation, a measurement. Results are kept as evidence.
struct ObserveInterpreter {
  let context: TaskContext
  let work: ObserveWork

  func run(on connection: Connection) async throws {
    if let until = work.until { try await wait(until, on: connection) }
    var evidence: [(String, JSON)] = []
    for query in work.queries { evidence.append((query.name, try await answer(query, on: connection))) }
    try await context.record(.object(JSONObject(evidence)), on: connection)
  }

  private func wait(_ until: SQL, on connection: Connection) async throws {
    let every = Int(work.every?.milliseconds ?? 1_000)
    let deadline = work.deadline.map { ContinuousClock.now + .milliseconds($0.milliseconds) }
    let inFlight = context.workshop.inFlight
    let key = inFlight.begin(step: context.step.id, pid: Int(connection.backendPID))
    defer { inFlight.end(key) }
    while true {
      let row = try await readOnly(until, on: connection).rows.first
      if row?[0] == "t" { return }
      inFlight.update(key) { $0.waitsFor = (row?["pids"] ?? "").split(separator: " ").compactMap { Int($0) } }
      let why = row?[1] ?? "not yet"
      context.report(.stepState(step: context.step.id, state: "running", note: why))
      if let deadline, ContinuousClock.now >= deadline {
        throw EngineError(
          .failed, "\(context.operation.title): gave up after \(work.deadline.map { "\($0)" } ?? "")", hint: why,
          step: context.step.id, operation: context.operation.title)
      }
      await context.workshop.stop.sleep(milliseconds: every)
      if context.workshop.stop.isRequested { throw Interrupted() }
    }
  }

  private func answer(_ query: ObserveWork.Query, on connection: Connection) async throws -> JSON {
    if let times = work.times { return try await measure(query, times: times, on: connection) }
    let result = try await readOnly(query.sql, on: connection)
    if let problem = query.expect.problem(with: result) {
      throw EngineError(
        .failed, "\(query.message ?? query.name): \(problem)", step: context.step.id, operation: context.operation.title)
    }
    return query.expect == .isTrue ? .bool(true) : .int(Int64(result.affected))
  }

  /// Durations in milliseconds; row contents are nobody's business here.
  private func measure(_ query: ObserveWork.Query, times: Int, on connection: Connection) async throws -> JSON {
    var durations: [JSON] = []
    for _ in 0..<times {
      let started = ContinuousClock.now
      _ = try await readOnly(query.sql, on: connection)
      let spent = (ContinuousClock.now - started).components
      durations.append(.double(Double(spent.seconds) * 1_000 + Double(spent.attoseconds) / 1e15))
    }
    return .array(durations)
  }

  private func readOnly(_ query: SQL, on connection: Connection) async throws -> QueryResult {
    try await context.budget.guarding(connection) {
      do {
        var batch: [SQL] = ["BEGIN READ ONLY"]
        batch += connection.openingStatements(
          lockTimeout: context.lockTimeout, statementTimeout: context.statementTimeout)
        if let role = context.workshop.target.address.role { batch.append("SET LOCAL ROLE \(id: role)") }
        let results = try await connection.batch(batch + [query, "ROLLBACK"])
        return results[results.count - 2]
      } catch {
        await connection.rollback()
        throw error
      }
    }
  }
}
