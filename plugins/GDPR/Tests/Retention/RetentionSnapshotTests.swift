@testable import GDPR
import JSONText
import PluginAPI
import TestSupport
import Testing

@Suite("programs about retention and consent", .database(template: LogSample.tables + "CREATE TABLE users (id bigint PRIMARY KEY);"))
struct RetentionSnapshotTests {
  @Test("gdpr.retention compiles to", arguments: [
    ("delete", "{table: logs, key: at, keep: 1 year, mode: delete, except: hold}"),
    ("anonymize", "{table: plain, key: at, keep: 2 years 3 months, mode: anonymize, set: {email: \"NULL\"}, json: {data: [email]}, timezone: Africa/Algiers}"),
    ("archive", "{table: logs, key: at, keep: 1 year, mode: archive, archive: {table: archive.old, schema: archive}}"),
  ])
  func retention(name: String, yaml: String) async throws {
    let program = try await compile(GDPRRetention.self, yaml)
    try Snapshot.expect(ProgramText.of(program).withoutOids, named: "retention-\(name)")
  }

  @Test("gdpr.consent compiles to")
  func consent() async throws {
    let program = try await compile(
      GDPRConsent.self,
      "{ledger: consents, subject: {table: users, key: id}, purposes: {news: {policy: '1', text: Letters}}, read: [pg_monitor]}")
    try Snapshot.expect(ProgramText.of(program), named: "consent")
  }
}

extension String {
  /// Numbers of objects differ from database to database.
  fileprivate var withoutOids: String { replacing(#/"oid":[0-9]+/#, with: "\"oid\":0") }
}
