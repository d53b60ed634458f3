@testable import GDPR
import PluginAPI
import TestSupport
import Testing

/// Logs of 100 days in five partitions and their reviews, as of 2026; and the same in one plain table.
enum LogSample {
  static let tables = """
    CREATE TABLE reviews (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, log_id int NOT NULL, log_at timestamptz NOT NULL);
    CREATE INDEX ON reviews (log_id, log_at);
    CREATE TABLE logs (id int NOT NULL, at timestamptz NOT NULL, email text, ip inet, data jsonb, hold boolean,
      PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE INDEX ON logs (at);
    CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2020-01-01+00') TO ('2020-02-01+00');
    CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM ('2020-02-01+00') TO ('2020-03-01+00');
    CREATE TABLE logs_3 PARTITION OF logs FOR VALUES FROM ('2020-03-01+00') TO ('2100-01-01+00');
    INSERT INTO logs SELECT g, '2020-01-01+00'::timestamptz + (g - 1) * interval '1 day', 'p' || g || '@x.dz', '10.0.0.1',
      jsonb_build_object('email', 'p' || g || '@x.dz', 'n', g), false FROM generate_series(1, 100) g;
    INSERT INTO logs SELECT 1000 + g, now() - g * interval '1 hour', 'now@x.dz', '10.0.0.2', '{"email": "now@x.dz"}', NULL
    FROM generate_series(1, 10) g;
    CREATE TABLE plain (id int PRIMARY KEY, at timestamp NOT NULL, email text, data jsonb, hold boolean);
    CREATE INDEX ON plain (at);
    INSERT INTO plain SELECT id, at AT TIME ZONE 'UTC', email, data, hold FROM logs;
    CREATE SCHEMA archive;
    ANALYZE;
    """

  /// What is in a table, without its dress.
  static func content(_ table: String) async throws -> String? {
    try await TestDatabase.current.sql(
      "SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM \(sql: table) t").value
  }

  static func value(_ query: SQL) async throws -> String? { try await TestDatabase.current.sql(query).value }

  static func count(_ table: String) async throws -> String? { try await value("SELECT count(*) FROM \(sql: table)") }
}

/// One `gdpr.retention`, as the engine runs it.
struct Retaining {
  let harness: EngineHarness

  init(_ with: String, policy: String = "", environment: String = "accept_irreversible: [s]") throws {
    harness = try EngineHarness(
      "  s: { \(policy)uses: gdpr.retention, with: \(with) }", registry: StepRegistry([GDPRPlugin.self]),
      environment: environment)
  }

  func apply(again: Bool = false, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let ending = try await harness.runner().apply(again: again).ending
    guard case .succeeded = ending else {
      return _ = Issue.record("\(ending)\n\(harness.events.text.suffix(2500))", sourceLocation: sourceLocation)
    }
    #expect(try await harness.flaws().isEmpty, sourceLocation: sourceLocation)
  }

  func rollBack(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let ending = try await harness.runner().rollback().ending
    guard case .rolledBack = ending else {
      return _ = Issue.record("\(ending)\n\(harness.events.text.suffix(2500))", sourceLocation: sourceLocation)
    }
  }
}
