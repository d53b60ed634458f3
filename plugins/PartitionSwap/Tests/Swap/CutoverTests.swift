import Engine
import JSONText
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

private let database = """
  CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz NOT NULL, v int);
  INSERT INTO orders SELECT i, '2025-01-01'::timestamptz + i * interval '2 hours', i FROM generate_series(1, 1000) i;
  CREATE TABLE other (id int);
  ANALYZE;
  """

@Suite("a cutover among other sessions", .database(template: database), .ownTime(.minutes(5)))
struct CutoverTests {
  private func trial(_ more: [(String, JSON)] = [], stall: JSON = "400ms") throws -> SwapTrial {
    try SwapTrial(
      QualifiedName("public", "orders"), [("by", "at"), ("premake", 0), ("chunk", "50ms")] + more,
      policy: [("max_stall", stall), ("retry", ["attempts": 200, "backoff": "20ms..100ms"])])
  }

  @Test("a session that holds the table: it steps back, names it, tries again, and nobody waits longer than max_stall")
  func held() async throws {
    let trial = try trial()
    try await trial.apply(untilDone: "compare ")
    let waits = LongestWait()
    try await withSession("BEGIN; SELECT count(*) FROM orders") { holder in
      let pid = holder.backendPID
      let clients = (0..<3).map { _ in Task { try await waits.read() } }
      let watch = Task { try await waits.watch() }
      async let report = trial.harness.runner().apply()
      #expect(await trial.harness.events.says("held by pid \(pid)"))
      #expect(await trial.harness.events.says("attempt: 3"))
      _ = try await holder.script("COMMIT")
      if case .succeeded = try await report.ending {} else { Issue.record("\(trial.harness.events.text.suffix(1500))") }
      waits.stop()
      for client in clients { try await client.value }
      try await watch.value
    }
    // As the server says: what we asked for and its own clock's grain.
    #expect(waits.milliseconds < 1_000)
    #expect(try await value("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass") == "p")
  }

  @Test("a transaction older than the copied rows is waited for, and named; or the step ends, as the plan says")
  func oldSnapshot() async throws {
    let patient = try trial()
    try await withSession("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM other") { reader in
      async let report = patient.harness.runner().apply()
      #expect(await patient.harness.events.says("wait for transactions that are older"))
      try await Task.sleep(for: .milliseconds(300))
      #expect(try await value("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass") == "r")
      _ = try await reader.script("COMMIT")
      if case .succeeded = try await report.ending {} else { Issue.record("\(patient.harness.events.text.suffix(1500))") }
    }
    guard try await patient.rollBack() else { return }
    try await withSession("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM other") { _ in
      let hasty = try trial([("cutover", ["old_snapshots": "abort"])])
      let words = try await hasty.failure()
      #expect(words.contains("older than the copied rows"), "\(words)")
      #expect(try await value("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass") == "r")
      guard try await hasty.rollBack() else { return }
      let bold = try trial([("cutover", ["old_snapshots": "accept"])])
      guard try await bold.apply() else { return }
    }
  }

  @Test("more changes than the backlog come while the lock is waited for: it steps back, brings them over, tries again")
  func backlog() async throws {
    let trial = try trial([("cutover", ["backlog": 10])], stall: "5s")
    try await trial.apply(untilDone: "compare ")
    try await withSession("BEGIN; UPDATE orders SET v = v + 1 WHERE id <= 500") { writer in
      async let report = trial.harness.runner().apply()
      try await untilLocked()
      _ = try await writer.script("COMMIT")
      if case .succeeded = try await report.ending {} else { Issue.record("\(trial.harness.events.text.suffix(1500))") }
    }
    // The phase once more, from its beginning.
    let drains = trial.harness.events.text.components("bring over what changed meanwhile")
    #expect(drains >= 8, "\(trial.harness.events.text.suffix(3000))")
    #expect(try await value("SELECT count(*) FROM orders WHERE v = id + 1") == "500")
  }

  private func untilLocked() async throws {
    // Other tests wait for locks in databases of their own.
    try await TestDatabase.current.until(
      """
      SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """)
  }
}

extension String {
  fileprivate func components(_ word: String) -> Int { ranges(of: word).count }
}
