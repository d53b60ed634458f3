import JSONText
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

private let database = """
  CREATE TABLE wide (id bigint PRIMARY KEY, v int); CREATE INDEX ON wide (v);
  INSERT INTO wide SELECT i, i FROM generate_series(1, 3000) i; ANALYZE;
  """

@Suite("many partitions", .database(template: database), .timeLimit(.minutes(5)))
struct ManyLeavesTests {
  private func trial(_ count: Int64) throws -> SwapTrial {
    try SwapTrial(
      QualifiedName("public", "wide"), [("by", "id"), ("method", "hash"), ("modulus", .int(count))],
      policy: [("max_stall", "10s")])
  }

  @Test("more than the lock table has room for: refused, saying what to set")
  func tooMany() async throws {
    let refusals = try await trial(9_000).refusals()
    let locks = refusals.first { $0.code == "swap.locks" }
    #expect(locks?.choices.contains { $0.contains("max_locks_per_transaction = ") } ?? false, "\(refusals)")
    #expect(try await value("SELECT to_regclass('wide_new') IS NULL") == "t")
  }

  @Test("a thousand, there and back", .enabled(if: RandomSwaps.count > 8, "takes a minute"))
  func thousand() async throws {
    let trial = try trial(1_000)
    let rows = try await trial.rows(by: "id")
    guard try await trial.apply() else { return }
    #expect(try await value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'wide'::regclass") == "1000")
    #expect(try await trial.rows(by: "id") == rows)
    guard try await trial.rollBack() else { return }
    #expect(try await trial.rows(by: "id") == rows)
  }
}
