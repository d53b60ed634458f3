import Catalog
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

private let visits = """
  CREATE TABLE visits (id int PRIMARY KEY, made_at timestamptz NOT NULL, seen_at timestamptz, note text);
  INSERT INTO visits SELECT i, now() - i * interval '1 hour', CASE WHEN i % 3 > 0 THEN now() - i * interval '1 hour' END, 'n'
    FROM generate_series(1, 4000) i;
  ANALYZE visits;
  """

@Suite("null_keys: fill", .database(template: visits), .ownTime(.minutes(3)))
struct NullFillTests {
  private func inventory() async throws -> TableInventory {
    try #require(try await ReadOnlyFacts.with(.current) { try await $0.inventory(of: QualifiedName("public", "visits")) })
  }

  private func step(_ strategy: String) -> String {
    """
      swap:
        uses: partition.swap
        retry: { attempts: 200, backoff: 20ms..100ms }
        with: { table: visits, by: seen_at, strategy: \(strategy), premake: 1, chunk: 10ms, null_keys: { fill: made_at } }
    """
  }

  @Test("rows get a key, none comes without, and going back takes it from those nobody has changed", arguments: ["copy", "attach"])
  func fill(strategy: String) async throws {
    let before = try await inventory()
    let harness = try EngineHarness(step(strategy), registry: StepRegistry([PartitionSwapPlugin.self]))
    try await harness.applied()
    #expect(try await value("SELECT count(*) FROM visits WHERE seen_at = made_at") == "4000")
    #expect(try await value("SELECT count(*) FROM visits WHERE note = 'n'") == "4000")
    await #expect(throws: PostgresError.self) {
      try await TestDatabase.current.script("INSERT INTO visits VALUES (5000, now(), NULL)")
    }
    try await TestDatabase.current.script("UPDATE visits SET seen_at = now() WHERE id = 3; DELETE FROM visits WHERE id = 6")
    try await harness.rolledBack()
    #expect(try await value("SELECT count(*) FROM visits WHERE seen_at IS NULL") == "1331")
    #expect(try await value("SELECT count(*) FROM visits WHERE id % 3 = 0 AND seen_at IS NOT NULL") == "1")
    #expect(try await value("SELECT count(*) FROM visits") == "3999")
    #expect(before.difference(to: try await inventory()).map(\.description) == [])
    #expect(try await value("SELECT count(*) FROM pg_class WHERE relname LIKE '%filled%'") == "0")
    try await TestDatabase.current.script("INSERT INTO visits VALUES (5000, now(), NULL)")
  }

  @Test("what cannot fill is refused before anything is written", arguments: [
    ("nonsense", "42703"), ("note", "22007"), ("CASE WHEN id > 100 THEN made_at END", "is NULL as well"),
  ])
  func refused(expression: String, words: String) async throws {
    let program = try await compile(PartitionSwap.self, "{table: visits, by: seen_at, null_keys: { fill: '\(expression)' }}")
    let message = program.refusals.map(\.message).joined()
    #expect(words.split(separator: "|").contains { message.contains($0) }, "\(message)")
    #expect(program.operations.isEmpty)
  }

  @Test("keeping rows without a key, or pg_cron where there is none, is refused with what to choose instead", arguments: [
    (
      "null_keys: default", "swap.null_keys",
      "seen_at may be NULL, and is in 1333 rows: a row without a key belongs to no partition, and a primary key holds none,"
        + " in the default partition neither: null_keys: default cannot be had", "null_keys: { fill: created_at }"
    ),
    ("default_partition: create", "swap.null_keys", "seen_at may be NULL, and is in 1333 rows", "null_keys: { fill: created_at }"),
    (
      "null_keys: { fill: made_at }, maintain: cron", "swap.maintain",
      "maintain: cron, and this database has no pg_cron: nothing would make the partitions to come",
      "maintain: worker, with a step partition.maintain and a schedule"
    ),
  ])
  func choices(more: String, code: String, words: String, choice: String) async throws {
    let program = try await compile(PartitionSwap.self, "{table: visits, by: seen_at, strategy: copy, \(more)}")
    let refusal = try #require(program.refusals.first { $0.code == code })
    #expect(refusal.message.hasPrefix(words), "\(refusal.message)")
    #expect(refusal.choices.first?.hasPrefix(choice) ?? false, "\(refusal.choices)")
    #expect(program.operations.isEmpty)
  }
}
