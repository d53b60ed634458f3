import PostgresClient
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

private let database = """
  CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz NOT NULL);
  INSERT INTO orders SELECT i, now() - i * interval '1 hour' FROM generate_series(1, 500) i;
  ANALYZE;
  """

@Suite("the bound of a table that becomes a partition", .database(template: database), .ownTime(.minutes(2)))
struct AttachBoundTests {
  private func trial() throws -> SwapTrial {
    try SwapTrial(
      QualifiedName("public", "orders"), [("by", "at"), ("strategy", "attach"), ("premake", 1)],
      policy: [("retry", ["attempts": 3, "backoff": "10ms..50ms"])])
  }

  private func write(ahead: String) async throws {
    try await TestDatabase.current.script("INSERT INTO orders SELECT max(id) + 1, now() + interval '\(ahead)' FROM orders")
  }

  @Test("until the indexes are there a row behind it is welcome; it ends the step before the cutover, and taken away lets it go on")
  func early() async throws {
    let trial = try trial()
    try await trial.apply(untilDone: "give ")
    try await write(ahead: "1 year")
    let words = try await trial.failure()
    #expect(words.contains("\"caisson_bound\" of relation \"orders\" is violated by some row"), "\(words)")
    try await TestDatabase.current.script("DELETE FROM orders WHERE at > now() + interval '6 months'")
    guard try await trial.apply() else { return }
    #expect(try await value("SELECT count(*) FROM orders_history") == "500")
  }

  @Test("from the moment it is there until the cutover a row behind it is refused")
  func late() async throws {
    let trial = try trial()
    try await trial.apply(untilDone: "let no row ")
    let thrown = await #expect(throws: PostgresError.self) { try await write(ahead: "1 year") }
    #expect(thrown?.sqlState == "23514")
    try await write(ahead: "1 minute")
    guard try await trial.apply() else { return }
    try await write(ahead: "1 minute")
    #expect(try await value("SELECT count(*) FROM orders") == "502")
  }
}
