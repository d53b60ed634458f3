import Engine
import Glibc
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database, .tags(.waits), .ownTime(.minutes(5))) struct LeaseTests {
  private let slow = Operation.sql("slow", "SELECT pg_sleep(20)")

  @Test("the environment says how long a lease is")
  func length() async throws {
    let harness = try EngineHarness([.sql("quick", "SELECT 1"), .sql("slow", "SELECT pg_sleep(8)")], environment: "lease: 2 min")
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    try await harness.database.until("SELECT to_regclass('caisson.lease') IS NOT NULL")
    try await harness.database.until(
      "SELECT count(*) > 0 FROM caisson.lease WHERE until BETWEEN now() + interval '110 s' AND now() + interval '120 s'")
    try await harness.succeed(try await running.value)
  }

  /// The server's process is stopped: to the client it is a line on which nothing comes back.
  @Test("a heartbeat that never gets its answer is left alone, and another one keeps the lease")
  func silence() async throws {
    let harness = try EngineHarness([.sql("quick", "SELECT 1"), slow], environment: "lease: 12s")
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    let pid = try await heartbeat(harness.database)
    try #require(try await stop(idle: pid, harness.database))
    defer { kill(pid, SIGCONT) }
    try await harness.succeed(try await running.value)
    let attempts: SQL = "SELECT string_agg(outcome, ' ') FROM caisson.attempt"
    #expect(try await harness.database.sql(attempts).value == "ok")
  }

  @Test("a server that answers no heartbeat holds three connections, and not one more with every attempt")
  func stuck() async throws {
    let harness = try EngineHarness([.sql("quick", "SELECT 1"), slow], environment: "lease: 6s")
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    let step = try await pid(of: "query = 'SELECT pg_sleep(20)'", harness.database)
    var stopped = [step]
    kill(step, SIGSTOP)
    defer { for pid in stopped { kill(pid, SIGCONT) } }
    while stopped.count < 10, let next = try await newcomer(among: stopped, harness.database) {
      if try await stop(idle: next, harness.database) { stopped.append(next) }
    }
    // The step's and three; one that the runner had already let go of when it was stopped counts for nothing.
    #expect((4...6).contains(stopped.count), "\(stopped.count)")
    for pid in stopped { kill(pid, SIGCONT) }
    _ = try? await running.value
  }

  /// The next session of a heartbeat; none in the time of five attempts.
  private func newcomer(among known: [Int32], _ database: TestDatabase) async throws -> Int32? {
    let others = known.map(String.init).joined(separator: ", ")
    for _ in 1...100 {
      if let pid = try await find("application_name = 'caisson:heartbeat' AND pid NOT IN (\(others))", database) { return pid }
      try await Task.sleep(for: .milliseconds(100))
    }
    return nil
  }

  /// Stopped at work, a backend may hold a lock that the whole server needs: then it is let go and stopped again. False
  /// when it has gone meanwhile.
  private func stop(idle pid: Int32, _ database: TestDatabase) async throws -> Bool {
    var isThere = true
    try await until("the heartbeat's session stopped while it was idle") {
      kill(pid, SIGSTOP)
      let patience = Task {
        try await Task.sleep(for: .seconds(1))
        kill(pid, SIGCONT)
      }
      let session = try await database.sql("SELECT state FROM pg_stat_activity WHERE pid = \(Int(pid))")
      patience.cancel()
      let isStopped = (try? await patience.value) == nil
      isThere = !session.rows.isEmpty
      if !isThere || isStopped && session.value == "idle" { return true }
      kill(pid, SIGCONT)
      return false
    }
    return isThere
  }

  private func heartbeat(_ database: TestDatabase) async throws -> Int32 {
    try await pid(of: "application_name = 'caisson:heartbeat'", database)
  }

  private func pid(of condition: String, _ database: TestDatabase) async throws -> Int32 {
    var pid: Int32?
    _ = try await eventually {
      pid = try await find(condition, database)
      return pid != nil
    }
    return try #require(pid)
  }

  private func find(_ condition: String, _ database: TestDatabase) async throws -> Int32? {
    let find: SQL = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND \(sql: condition)"
    return try await database.sql(find).value.flatMap { Int32($0) }
  }
}
