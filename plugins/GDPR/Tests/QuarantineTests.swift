import JSONText
import PluginAPI
import TestSupport
import Testing

@testable import GDPR

@Suite("the quarantine of gdpr.anonymize", .database(template: People.tables + "CREATE SCHEMA aside;"), .ownTime(.minutes(5)))
struct QuarantineTests {
  // Every changed table needs a primary key.
  private static let keyed = "ALTER TABLE letters ADD COLUMN n serial PRIMARY KEY;"
  private static let rows: SQL = """
    SELECT string_agg(x, ';' ORDER BY x) FROM (SELECT u::text AS x FROM users u UNION ALL SELECT l::text FROM letters l
    UNION ALL SELECT t::text FROM trips t UNION ALL SELECT d::text FROM drivers d) s
    """

  private func parameters(keep: JSON = "30 days") -> JSON {
    People.parameters([("quarantine", ["schema": "aside", "keep": keep])])
  }

  @Test("a rollback puts every original back, and nothing stays aside")
  func back() async throws {
    try await TestDatabase.current.script(Self.keyed)
    let before = try await value(Self.rows)
    let harness = try harness("gdpr.anonymize", parameters())
    try await harness.applied()
    #expect(try await value("SELECT count(*) FROM users WHERE gone") == "43")
    try await TestDatabase.current.script("UPDATE users SET boss_id = 1 WHERE id = 30")
    let ending = try await harness.runner().rollback().ending
    guard case .rolledBack = ending else { return _ = Issue.record("\(ending)") }
    #expect(try await value("SELECT boss_id FROM users WHERE id = 30") == "1", "what others changed since stays")
    try await TestDatabase.current.script("UPDATE users SET boss_id = 30 % 5 + 1 WHERE id = 30")
    #expect(try await value(Self.rows) == before)
    #expect(try await value("SELECT count(*) FROM pg_class WHERE relnamespace = 'aside'::regnamespace") == "0")
  }

  @Test("when its time has passed, the originals go")
  func expiry() async throws {
    try await TestDatabase.current.script(Self.keyed)
    let harness = try harness("gdpr.anonymize", parameters(keep: "1s"))
    try await harness.applied()
    #expect(try await value("SELECT count(*) > 0 FROM pg_class WHERE relnamespace = 'aside'::regnamespace") == "t")
    try await Task.sleep(for: .seconds(1.1))
    _ = try await harness.runner().finalize()
    #expect(try await value("SELECT count(*) FROM pg_class WHERE relnamespace = 'aside'::regnamespace") == "0")
  }

  @Test("without a primary key nothing could be put back, without a schema nothing put aside")
  func keyless() async throws {
    try await TestDatabase.current.script(Self.keyed + "DROP SCHEMA aside")
    #expect(refused(try await compile(GDPRAnonymize.self, parameters().text)) == ["gdpr.quarantine"])
    try await TestDatabase.current.script("CREATE SCHEMA aside; ALTER TABLE letters DROP COLUMN n")
    #expect(refused(try await compile(GDPRAnonymize.self, parameters().text)) == ["gdpr.quarantine"])
  }
}

@Suite("what every step promises: personal data", .database(template: People.tables), .ownTime(.minutes(5)))
struct ConformanceTests {
  @Test("gdpr.anonymize")
  func anonymize() async throws {
    try await TestDatabase.current.script("CREATE SCHEMA aside; ALTER TABLE letters ADD COLUMN n serial PRIMARY KEY;")
    try await Conformance(
      "gdpr.anonymize", People.parameters([("quarantine", ["schema": "aside", "keep": "30 days"])]), registry: registry,
      environment: "accept_irreversible: [s]"
    ).expect()
  }
}
