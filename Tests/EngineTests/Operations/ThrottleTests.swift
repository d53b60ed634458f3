import BuiltinPlugins
import Engine
import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

/// What holds back when the plan says that the application comes first.
@Suite(.database(template: "CREATE TABLE open (ok boolean)"), .ownTime(.minutes(5)))
struct ThrottleTests {
  @Test(
    "one process of the server's, at autovacuum's pace, and its memory as it was, where the plan spares the server",
    arguments: [
      ("query: SELECT true", "0 0 2ms"), ("active_sessions: 1000", "0 0 2ms"), ("replica_lag: 5s", "2 2 0"),
      ("wal_rate: 1GB", "0 0 2ms"), ("nice_ratio: 1", "0 0 2ms"),
    ])
  func workers(throttle: String, expected: String) async throws {
    let seen = """
      CREATE TABLE seen AS SELECT current_setting('max_parallel_maintenance_workers') || ' '
        || current_setting('max_parallel_workers_per_gather') || ' ' || current_setting('vacuum_cost_delay') AS workers, current_setting('maintenance_work_mem') AS memory
      """.replacing("\n", with: " ")
    let step = "  s: { uses: sql.run, throttle: { \(throttle) }, with: { up: \"\(seen)\", down: DROP TABLE seen } }"
    try await EngineHarness(step, registry: .builtin).applied()
    #expect(try await TestDatabase.current.sql("SELECT workers FROM seen").value == expected)
    let memory = try await TestDatabase.current.sql("SELECT memory = current_setting('maintenance_work_mem') FROM seen").value
    #expect(memory == "t")
  }

  @Test("each member of a parallel work waits for the gate, and goes on when it opens")
  func members() async throws {
    try await TestDatabase.current.script("INSERT INTO open VALUES (true)")
    let harness = try EngineHarness(
      "  s: { uses: test.members, throttle: { query: SELECT ok FROM open }, with: {} }",
      registry: StepRegistry([MembersPlugin.self]))
    let running = Task { try await harness.runner().apply() }
    #expect(await harness.events.says("throttled: the throttle query says no"))
    // The first of them has closed it.
    #expect(try await TestDatabase.current.sql("SELECT to_regclass('m1') IS NOT NULL AND to_regclass('m2') IS NULL").value == "t")
    try await TestDatabase.current.script("UPDATE open SET ok = true")
    guard case .succeeded = try await running.value.ending else {
      Issue.record("\(harness.events.text.suffix(1000))")
      return
    }
    #expect(try await TestDatabase.current.sql("SELECT to_regclass('m2') IS NOT NULL").value == "t")
  }
}

extension ThrottleTests {
  @Test("it rests after each member and after each chunk but the last, only where the plan says so", arguments: [
    ("test.members", "nice_ratio: 2", 2), ("test.chunks", "nice_ratio: 2", 2), ("test.chunks", "query: SELECT true", 0),
  ])
  func rests(kind: String, throttle: String, times: Int) async throws {
    let harness = try EngineHarness(
      "  s: { uses: \(kind), throttle: { \(throttle) }, with: {} }",
      registry: StepRegistry([MembersPlugin.self]))
    try await harness.applied()
    #expect(harness.events.text.split(separator: "resting for ").count - 1 == times, "\(harness.events.text)")
  }
}

private enum Chunks: StepKind {
  static let name = "test.chunks"
  static let summary = "Three chunks, all in one member."
  struct Parameters: ParameterSet {}

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let count: SQL = """
      SELECT CASE WHEN n < 3 THEN to_jsonb(n) END AS cursor, 1 AS rows FROM (SELECT coalesce($cursor::int, 0) + 1 AS n) x
      """
    let work = ChunkedWork([count], target: .seconds(1))
    let chunked = Operation.chunked(id: "c", title: "count", work, undo: .nothing)
    return Program(operations: [.parallel(id: "all", title: "one", width: 1, [chunked])])
  }
}

private enum MembersPlugin: Plugin {
  static let name = "Members"
  static let summary = "Members"
  static let kinds: [any StepKind.Type] = [Members.self, Chunks.self]
}

private enum Members: StepKind {
  static let name = "test.members"
  static let summary = "Two members, of which the first closes the gate."
  struct Parameters: ParameterSet {}

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let members = (1...2).map { number in
      Operation.transaction(
        id: "m\(number)", title: "member \(number)",
        ["CREATE TABLE \(sql: "m\(number)") ()", number == 1 ? "UPDATE open SET ok = false" : "SELECT 1"].map {
          TransactionStatement($0)
        }, undo: .nothing)
    }
    return Program(operations: [.parallel(id: "all", title: "both", width: 1, members)])
  }
}
