@testable import GDPR
import PluginAPI
import TestSupport
import Testing

@Suite("programs about personal data", .database(template: People.tables + "CREATE SCHEMA aside;"))
struct SnapshotTests {
  @Test("gdpr.anonymize compiles to")
  func anonymize() async throws {
    let keys = try await compile(
      GDPRAnonymize.self,
      People.parameters([
        ("audit_table", ["table": "audit", "subject": "who", "values": ["what": "gone", "data": "{}"]]),
        ("k_anonymity", ["quasi_identifiers": ["born_on"], "k": 3]),
        ("triggers", ["disable": ["users.copied"], "settings": ["app.maintenance": "on"]]),
      ]).text)
    try Snapshot.expect(ProgramText.of(keys), named: "anonymize")
  }

  @Test("gdpr.anonymize with a quarantine compiles to")
  func quarantine() async throws {
    try await TestDatabase.current.script("ALTER TABLE letters ADD COLUMN n serial PRIMARY KEY")
    var program = try await compile(
      GDPRAnonymize.self, People.parameters([("quarantine", ["schema": "aside", "keep": "30 days"])]).text)
    // Its keys come in any order.
    program.carry = .null
    try Snapshot.expect(ProgramText.of(program), named: "quarantine")
  }
}
