import Journal
import PluginAPI
import PlanSchema
import PostgresClient
import SQLText

/// Carries out what opens and what closes a bracket: at least once, without tasks of their own, in the engine and in
/// the guardian alike.
struct EdgeRunner: Sendable {
  let target: Target
  let folder: String
  let lockTimeout: Duration
  /// Returns a row while the bracket is ours.
  let proof: SQL

  func open(_ operations: [Operation]) async throws {
    for operation in operations {
      try Task.checkCancellation()
      try await named(operation) { try await run(operation) }
    }
  }

  /// All of them, each tried again until it succeeds or `tries` are used up; the first failure is thrown at the end.
  func close(_ operations: [Operation], tries: Int, pause: Duration) async throws {
    var failure: (any Error)?
    for group in Self.together(operations) {
      for result in await closing(group, tries: tries, pause: pause) {
        guard case .failure(let error) = result else { continue }
        if error is Replaced { throw error }
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// Consoles are spoken to side by side: one that is gone must not keep the clients of the others waiting. Everything
  /// else may count on what stands before it.
  private static func together(_ operations: [Operation]) -> [[Operation]] {
    operations.reduce(into: []) { groups, operation in
      if case .admin = operation.work, case .admin? = groups.last?.last?.work {
        groups[groups.count - 1].append(operation)
      } else {
        groups.append([operation])
      }
    }
  }

  private func closing(_ group: [Operation], tries: Int, pause: Duration) async -> [Result<Void, any Error>] {
    await withTaskGroup(of: (Int, Result<Void, any Error>).self) { tasks in
      for (place, operation) in group.enumerated() {
        tasks.addTask {
          do { return (place, .success(try await close(operation, tries: tries, pause: pause))) } catch {
            return (place, .failure(error))
          }
        }
      }
      var results: [(Int, Result<Void, any Error>)] = []
      for await result in tasks { results.append(result) }
      return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private func close(_ operation: Operation, tries: Int, pause: Duration) async throws {
    for left in (0..<max(1, tries)).reversed() {
      do {
        return try await named(operation) {
          if try await isClosed(operation) { return }
          try await run(operation)
        }
      } catch {
        if left == 0 || error is Replaced { throw error }
        try? await Task.sleep(for: pause)
      }
    }
  }

  /// An error says which operation it comes from.
  private func named(_ operation: Operation, _ body: () async throws -> Void) async throws {
    do { try await body() } catch var error as EngineError {
      error.operation = error.operation ?? operation.title
      throw error
    }
  }

  private func isClosed(_ operation: Operation) async throws -> Bool {
    switch operation.work {
    case .admin(let work): try await AdminConsole(secrets: target.address.secrets, work: work).isSo() ?? false
    case .process(let work): try await WorkProgram(work: work, folder: folder).isDone() ?? false
    default: false
    }
  }

  private func run(_ operation: Operation) async throws {
    switch operation.work {
    case .admin(let work): try await AdminConsole(secrets: target.address.secrets, work: work).run()
    case .process(let work): _ = try await WorkProgram(work: work, folder: folder).run()
    case .transaction(let work): try await connected { try await transaction(work, operation, on: $0) }
    case .autocommit(let work): try await connected { try await statement(work, operation, on: $0) }
    case .chunked, .observe, .file, .parallel, .export, .bracket: throw EdgeRunner.unfit(operation)
    }
  }

  static func unfit(_ operation: Operation) -> EngineError {
    EngineError(.unusable, "\(operation.title): a bracket cannot open or close with \(operation.work.kind)")
  }

  // MARK: SQL

  private func connected(_ body: (Connection) async throws -> Void) async throws {
    let connection = try await target.session(purpose: "bracket")
    do {
      try await body(connection)
      await connection.close()
    } catch {
      await connection.close()
      throw error
    }
  }

  private func isUnnecessary(_ operation: Operation, on connection: Connection) async throws -> Bool {
    guard let unless = operation.unless else { return false }
    return try await connection.query(unless).value == "t"
  }

  private func transaction(_ work: TransactionWork, _ operation: Operation, on connection: Connection) async throws {
    if try await isUnnecessary(operation, on: connection) { return }
    let limit: Duration = operation.locks.contains { $0.mode.stallsOthers } ? .seconds(15) : .zero
    var opening: [SQL] = ["BEGIN ISOLATION LEVEL \(sql: work.isolation.rawValue)"]
    opening += connection.entering(work.entry, lockTimeout: lockTimeout, role: target.address.role)
    opening += connection.openingStatements(lockTimeout: lockTimeout, statementTimeout: limit)
    let place = opening.count
    opening.append(proof)
    opening += work.settings.map { "SELECT set_config(\($0.name), \($0.value), true)" }
    if let role = target.address.role { opening.append("SET LOCAL ROLE \(id: role)") }
    let head = try await connection.batch(opening)
    guard !head[place].rows.isEmpty else { throw Replaced() }
    let results = try await connection.batch(work.statements.map(\.sql))
    for (statement, result) in zip(work.statements, results) {
      guard let problem = statement.expect.problem(with: result) else { continue }
      throw EngineError(.failed, "\(statement.message ?? "expectation not met"): \(problem)")
    }
    try await connection.commit()
  }

  private func statement(_ work: AutocommitWork, _ operation: Operation, on connection: Connection) async throws {
    guard !(try await connection.query(proof).rows.isEmpty) else { throw Replaced() }
    if try await isUnnecessary(operation, on: connection) { return }
    var settings = [
      Setting("lock_timeout", String(work.lockTimeout?.milliseconds ?? 0)),
      Setting("statement_timeout", String(work.statementTimeout?.milliseconds ?? 0)),
    ]
    settings += work.settings
    for setting in settings { _ = try await connection.query("SELECT set_config(\(setting.name), \(setting.value), false)") }
    if let role = target.address.role { _ = try await connection.query("SET ROLE \(id: role)") }
    do {
      _ = try await connection.query(work.statement)
    } catch {
      guard !error.isConnectionLoss, let probe = work.probe else { throw error }
      guard try await connection.query(probe).rows.first?[0] == "complete" else { throw error }
    }
  }
}
