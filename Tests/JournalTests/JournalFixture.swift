import JSONText
import Journal
import PluginAPI
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

/// A database with a journal, and runs made of a few words.
struct JournalFixture: Sendable {
  let connection: Connection
  var reader: JournalReader { JournalReader(connection) }

  static let runnerA = "00000000-0000-0000-0000-00000000000a"
  static let runnerB = "00000000-0000-0000-0000-00000000000b"

  init(_ target: ConnectionString = TestDatabase.current.target) async throws {
    connection = try await Connection.connect(target)
    _ = try await Installer.install(on: connection, target: "test")
    for id in [JournalFixture.runnerA, JournalFixture.runnerB] { try await register(id) }
    try await sql(
      JournalSQL.insertPlan(
        hash: "01", releaseHash: "02", name: "p", environment: "e", canonical: 1, resolved: [:], engineVersion: "0"))
  }

  func register(_ id: String) async throws {
    try await sql(
      JournalSQL.registerRunner(
        RunnerIdentity(id: id, host: "h", bootID: "b", processID: 1, processStart: "1", version: "0")))
  }

  @discardableResult
  func sql(_ sql: SQL) async throws -> [Row] { try await connection.query(sql).rows }

  /// Steps as `b: a c` (b needs a and c); each has one transaction task and may ride.
  func run(_ steps: String..., variant: String = "", rides: Bool = true, tasks: Int = 1) async throws -> String {
    try await run(steps, variant: variant, rides: rides, tasks: tasks)
  }

  func run(_ steps: [String], variant: String = "", rides: Bool = true, tasks: Int = 1) async throws -> String {
    let parsed = steps.map { text -> (String, [String]) in
      let parts = text.split(separator: ":", maxSplits: 1)
      return (String(parts[0]), parts.count > 1 ? parts[1].split(separator: " ").map(String.init) : [])
    }
    let records = parsed.enumerated().map { index, step -> JSON in
      [
        "step": .string(step.0), "ord": .int(Int64(index)), "kind": "sql.run", "spec_hash": "\\x00",
        "needs": .array(step.1.map { .string($0) }), "single_tx": .bool(rides),
      ]
    }
    let programs = parsed.map { step -> JSON in
      ["step": .string(step.0), "phase": 1, "name": "run", "operations": [], "carry": nil]
    }
    let all = parsed.flatMap { step in
      (0..<tasks).map { number -> JSON in
        ["step": .string(step.0), "operation": .string("op\(number)"), "kind": "transaction", "title": "work"]
      }
    }
    let rows = try await sql(
      JournalSQL.createRun(
        plan: "01", target: "test", variant: variant, host: "h", actor: "tester", steps: .array(records),
        programs: .array(programs), tasks: .array(all)))
    return try #require(rows.first).string("run_id")
  }

  func claim(
    _ run: String, _ step: String? = nil, runner: String = JournalFixture.runnerA, ttl: Duration = .seconds(30)
  ) async throws -> Holding? {
    let rows = try await sql(JournalSQL.claim(run: run, step: step, runner: runner, ttl: ttl))
    return try rows.first.map { try Holding($0, run: run, runner: runner) }
  }

  func takeOver(_ run: String, runner: String = JournalFixture.runnerB) async throws -> Holding? {
    let rows = try await sql(JournalSQL.takeOver(run: run, runner: runner, ttl: .seconds(30)))
    return try rows.first.map { try Holding($0, run: run, runner: runner) }
  }

  func claimUndo(_ run: String, _ step: String? = nil) async throws -> Holding? {
    let runner = JournalFixture.runnerA
    let rows = try await sql(JournalSQL.claimUndo(run: run, step: step, runner: runner, ttl: .seconds(30)))
    return try rows.first.map { try Holding($0, run: run, direction: .undo, runner: runner) }
  }

  func ride(_ run: String, _ step: String) async throws {
    try await sql(JournalSQL.ride(run: run, step: step, runner: JournalFixture.runnerA))
  }

  /// Prologue, work, done, finish.
  func work(_ holding: Holding, task: Int = 1) async throws {
    #expect(try await sql(JournalSQL.prologue(holding, task: task)).count == 1)
    #expect(try await sql(JournalSQL.taskDone(holding, task: task)).count == 1)
  }

  func states(_ run: String) async throws -> [String: StepState] {
    Dictionary(uniqueKeysWithValues: try await reader.steps(run: run).map { ($0.step, $0.state) })
  }

  func task(_ run: String, _ step: String, _ number: Int = 1) async throws -> TaskRecord {
    try #require(try await reader.tasks(run: run, step: step).first { $0.task == number })
  }

  func expectSound(_ sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let problems = try await JournalCheck.run(on: connection)
    #expect(problems.map(\.description) == [], sourceLocation: sourceLocation)
  }

  /// The SQLSTATE a statement is refused with.
  func refusal(_ sql: SQL) async -> String? {
    do {
      _ = try await connection.query(sql)
      return nil
    } catch {
      return error.sqlState
    }
  }
}
