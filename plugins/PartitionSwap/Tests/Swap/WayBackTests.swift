import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

private let database = """
  CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz NOT NULL, v int);
  INSERT INTO orders SELECT i, '2025-01-01'::timestamptz + i * interval '2 hours', i FROM generate_series(1, 200) i; ANALYZE;
  """

@Suite("the way back", .database(template: database), .ownTime(.minutes(5)))
struct WayBackTests {
  @Test("all that bars it is said at once, with what to do")
  func barred() async throws {
    let trial = try SwapTrial(QualifiedName("public", "orders"), [("by", "at"), ("premake", 0)])
    guard try await trial.apply() else { return }
    try await TestDatabase.current.script("""
      ALTER TABLE orders ADD COLUMN one int, ADD COLUMN two int;
      INSERT INTO orders SELECT 1, at FROM orders WHERE id = 150
      """)
    guard case .failed(let errors) = try await trial.harness.runner().rollback().ending else {
      Issue.record("not refused")
      return
    }
    let words = "\(errors) \(errors.compactMap(\.hint))"
    for word in ["column one", "column two", "orders_pkey", "undo that change first", "3 things stand in the way"] {
      #expect(words.contains(word), "\(word): \(words)")
    }
  }
}
