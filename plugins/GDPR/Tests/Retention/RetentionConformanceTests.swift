@testable import GDPR
import JSONText
import PluginAPI
import TestSupport
import Testing

private let tables = """
  CREATE TABLE logs (id int NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE INDEX ON logs (at);
  CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-02-01 00:00+00');
  CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM ('2020-02-01 00:00+00') TO ('2100-01-01 00:00+00');
  INSERT INTO logs SELECT g, '2020-01-01 00:00+00'::timestamptz + g * interval '1 day' FROM generate_series(1, 40) g;
  CREATE SCHEMA archive;
  CREATE TABLE users (id uuid PRIMARY KEY);
  """

@Suite("what every step promises: retention and consent", .database(template: tables), .ownTime(.minutes(5)))
struct RetentionConformanceTests {
  private let registry = StepRegistry([GDPRPlugin.self])

  @Test("gdpr.retention", arguments: [
    ["table": "logs", "key": "at", "keep": "1 year", "mode": "detach_partition"],
    [
      "table": "logs", "key": "at", "keep": "1 year", "mode": "archive", "batch": 3,
      "archive": ["schema": "archive", "table": "archive.old"],
    ],
  ] as [JSON])
  func retention(parameters: JSON) async throws {
    try await Conformance("gdpr.retention", parameters, registry: registry).expect()
  }

  @Test("gdpr.consent")
  func consent() async throws {
    try await Conformance(
      "gdpr.consent",
      [
        "ledger": "consents", "subject": ["table": "users", "key": "id"],
        "purposes": ["news": ["policy": "2026-01", "text": "Letters"]], "record": ["pg_monitor"],
      ], registry: registry
    ).expect()
  }
}
