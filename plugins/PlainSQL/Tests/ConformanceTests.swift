import JSONText
import PluginAPI
import TestSupport
import Testing

@testable import PlainSQL

private let tables = """
  CREATE TABLE shop (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
  INSERT INTO shop SELECT g FROM generate_series(1, 300) g;
  CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * x';
  ANALYZE;
  """

@Suite("what every step promises: SQL", .database(template: tables), .ownTime(.minutes(5)))
struct ConformanceTests {
  @Test("SQL steps", arguments: [
    ("sql.run", ["up": "ALTER TABLE shop ADD COLUMN p int NOT NULL DEFAULT 0; COMMENT ON TABLE shop IS 'x'",
      "down": "ALTER TABLE shop DROP COLUMN p; COMMENT ON TABLE shop IS NULL"]),
    ("function.define", [
      "name": "twice", "body": "CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + x'",
    ]),
  ] as [(String, JSON)])
  func step(kind: String, parameters: JSON) async throws {
    try await Conformance(kind, parameters, registry: StepRegistry([PlainSQLPlugin.self])).expect()
  }
}
