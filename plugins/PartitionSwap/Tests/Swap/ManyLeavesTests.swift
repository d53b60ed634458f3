import Engine
import Glibc
import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

private let database = """
  CREATE TABLE wide (id bigint PRIMARY KEY, v int); CREATE INDEX ON wide (v);
  INSERT INTO wide SELECT i, i FROM generate_series(1, 3000) i; ANALYZE;
  """
private let big = getenv("CAISSON_BIG") != nil || RandomSwaps.count > 8

@Suite("many partitions", .database(template: database), .ownTime(.minutes(10)))
struct ManyLeavesTests {
  private func trial(_ count: Int64, stall: JSON = "10s") throws -> SwapTrial {
    try SwapTrial(
      QualifiedName("public", "wide"), [("by", "id"), ("method", "hash"), ("modulus", .int(count))],
      policy: [("max_stall", stall)])
  }

  /// A thousand take a minute: CAISSON_BIG=1.
  @Test(
    "more than the lock table has room for: refused, saying what to set; that set, there and back",
    arguments: big ? [60, 1_000] : [60])
  func lockTable(count: Int64) async throws {
    let cluster = try await TestCluster.start(
      TestCluster.Options(settings: ["max_locks_per_transaction": "10", "max_connections": "20"]))
    let session = try await cluster.connect()
    _ = try await session.script(database)
    await session.close()
    try await thereAndBack(count, on: cluster)
    try await cluster.stop()
  }

  private func thereAndBack(_ count: Int64, on cluster: TestCluster) async throws {
    let trial = try trial(count)
    guard case .refused(let refusals) = try await trial.harness.runner(on: cluster).apply().ending else {
      Issue.record("not refused")
      return
    }
    let choices = refusals.map(\.finding).filter { $0.code == "swap.locks" }.flatMap(\.choices)
    let setting = try #require(choices.first { $0.hasPrefix("ALTER SYSTEM SET max_locks_per_transaction = ") })
    #expect(try await cluster.sql("SELECT to_regclass('wide_new') IS NULL").value == "t")
    try await cluster.sql(SQL(verbatim: String(setting.prefix { $0 != "," })))
    try await cluster.stop()
    try await cluster.start()
    let rows: SQL = "SELECT count(*) || ' ' || sum(hashtext(t::text)::bigint) FROM wide t"
    let before = try await cluster.sql(rows).value
    guard case .succeeded = try await trial.harness.runner(on: cluster).apply().ending else {
      Issue.record("\(trial.harness.events.text.suffix(2000))")
      return
    }
    #expect(try await cluster.sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'wide'::regclass").value == "\(count)")
    #expect(try await cluster.sql(rows).value == before)
    guard case .rolledBack = try await trial.harness.runner(on: cluster).rollback().ending else {
      Issue.record("\(trial.harness.events.text.suffix(2000))")
      return
    }
    #expect(try await cluster.sql(rows).value == before)
  }

  @Test("foreign keys of that many partitions take longer than anybody may wait: said with the time, and what to choose")
  func foreignKeys() async throws {
    try await TestDatabase.current.script("""
      CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1);
      ALTER TABLE wide ADD a int DEFAULT 1 REFERENCES a, ADD b int DEFAULT 1 REFERENCES a, ADD c int DEFAULT 1 REFERENCES a
      """)
    let trial = try trial(600, stall: "500ms")
    let stall = try await trial.refusals().first { $0.code == "swap.stall" }
    // Three keys at 0.35 ms and 0.2 ms of planning, 600 times.
    #expect(stall?.message.contains("600 partitions with 3 foreign keys each") ?? false, "\(String(describing: stall))")
    #expect(stall?.message.contains("750 ms") ?? false, "\(String(describing: stall))")
    #expect(stall?.choices.contains("max_stall: 1600ms") ?? false, "\(String(describing: stall))")
    #expect(try await value("SELECT to_regclass('wide_new') IS NULL") == "t")
  }
}
