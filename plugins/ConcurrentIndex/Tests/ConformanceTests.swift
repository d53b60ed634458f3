import JSONText
import PluginAPI
import TestSupport
import Testing

@testable import ConcurrentIndex

private let tables = """
  CREATE TABLE vehicles (id int PRIMARY KEY, status text, seen date);
  INSERT INTO vehicles SELECT g, 's' || g % 3, date '2026-01-01' + g FROM generate_series(1, 100) g;
  CREATE INDEX vehicles_seen ON vehicles (seen) WHERE status = 's1'; COMMENT ON INDEX vehicles_seen IS 'seen';
  CREATE TABLE parts (id int, day date NOT NULL) PARTITION BY RANGE (day);
  CREATE TABLE parts_jan PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
  ANALYZE;
  """

@Suite("what every step promises: indexes", .database(template: tables), .ownTime(.minutes(5)))
struct ConformanceTests {
  @Test("index steps", arguments: [
    ("index.create", ["table": "vehicles", "columns": ["status"]]),
    ("index.create", ["table": "parts", "columns": ["id"], "name": "parts_by_id"]),
    ("index.drop", ["name": "vehicles_seen"]),
  ] as [(String, JSON)])
  func step(kind: String, parameters: JSON) async throws {
    try await Conformance(kind, parameters, registry: StepRegistry([ConcurrentIndexPlugin.self])).expect()
  }
}
