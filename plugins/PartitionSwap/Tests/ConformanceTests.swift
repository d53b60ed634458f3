import JSONText
import PluginAPI
import TestSupport
import Testing

@testable import PartitionSwap

private let logs = """
  CREATE TABLE logs (id int NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00');
  CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM ('2025-02-01 00:00+00') TO ('2025-03-01 00:00+00');
  INSERT INTO logs SELECT i, '2025-01-01 00:00+00'::timestamptz + i * interval '1 day' FROM generate_series(1, 50) i;
  """

@Suite("what every step promises: partitions", .database(template: ChoiceSample.database + logs), .ownTime(.minutes(5)))
struct ConformanceTests {
  private let registry = StepRegistry([PartitionSwapPlugin.self])

  @Test("partition.swap")
  func swap() async throws {
    try await Conformance(
      "partition.swap",
      [
        "table": "events", "by": "at", "premake": 0, "to": "2025-04-15", "unique": ["events_code": "guard"],
        "incoming_foreign_keys": ["notes_event": "composite", "tags_event": "drop", "marks_event": "drop"],
      ], registry: registry
    ).expect()
  }

  @Test("partition.maintain")
  func maintain() async throws {
    try await TestDatabase.current.script("""
      CREATE TABLE numbers (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE numbers_0 PARTITION OF numbers FOR VALUES FROM (0) TO (100);
      CREATE TABLE numbers_1 PARTITION OF numbers FOR VALUES FROM (100) TO (200); INSERT INTO numbers VALUES (150);
      """)
    try await Conformance(
      "partition.maintain", ["table": "numbers", "premake": 2, "keep": 40], registry: registry).expect()
  }

  @Test("partition.detach", arguments: [true, false])
  func detach(concurrently: Bool) async throws {
    try await Conformance(
      "partition.detach", ["table": "logs", "partitions": ["logs_1"], "concurrently": .bool(concurrently)],
      registry: registry
    ).expect()
  }
}
