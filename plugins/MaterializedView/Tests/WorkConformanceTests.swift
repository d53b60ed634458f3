import JSONText
import PluginAPI
import TestSupport
import Testing

@testable import MaterializedView

private let tables = """
  CREATE TABLE vehicles (id int PRIMARY KEY, seen date NOT NULL);
  INSERT INTO vehicles SELECT g, current_date - g FROM generate_series(1, 100) g;
  CREATE TABLE parts (id int, day date NOT NULL) PARTITION BY RANGE (day);
  CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
  CREATE MATERIALIZED VIEW stats AS SELECT count(*) AS n, (SELECT count(*) FROM parts) AS p FROM vehicles;
  ANALYZE;
  """

@Suite("what every step promises: marks and rollups", .database(template: tables), .ownTime(.minutes(5)))
struct WorkConformanceTests {
  @Test("steps", arguments: [
    ("matview.trigger", ["name": "stats"]),
    ("matview.rollup", [
      "table": "by_week", "by": "week", "period": "1 week",
      "query": "SELECT date_trunc('week', seen)::date AS week, count(*) AS n FROM vehicles WHERE $period(seen) GROUP BY 1",
    ]),
  ] as [(String, JSON)])
  func step(kind: String, parameters: JSON) async throws {
    try await Conformance(kind, parameters, registry: StepRegistry([MaterializedViewPlugin.self])).expect()
  }
}
