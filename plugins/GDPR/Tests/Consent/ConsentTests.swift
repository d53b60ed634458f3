@testable import GDPR
import JSONText
import PluginAPI
import TestSupport
import Testing

private let tables = """
  CREATE TABLE users (id bigint PRIMARY KEY, email text);
  INSERT INTO users SELECT g, 'u' || g || '@x.dz' FROM generate_series(1, 5) g;
  CREATE TABLE other (id int PRIMARY KEY);
  """

@Suite("gdpr.consent", .database(template: tables), .ownTime(.minutes(5)))
struct ConsentTests {
  private static let purposes: JSON = ["news": ["policy": "1", "text": "Letters"], "partners": ["policy": "1", "text": "Offers"]]

  private func ledger(_ more: [(String, JSON)] = []) throws -> EngineHarness {
    var with: [(String, JSON)] = [
      ("ledger", "consents"), ("subject", ["table": "users", "key": "id"]), ("purposes", Self.purposes),
    ]
    with = with.filter { old in !more.contains { $0.0 == old.0 } } + more
    let step = JSON.object(JSONObject([("uses", "gdpr.consent"), ("with", .object(JSONObject(with)))]))
    return try EngineHarness("  s: \(step.text)", registry: StepRegistry([GDPRPlugin.self]))
  }

  private func apply(_ harness: EngineHarness, again: Bool = false, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let ending = try await harness.runner().apply(again: again).ending
    guard case .succeeded = ending else {
      return _ = Issue.record("\(ending)\n\(harness.events.text.suffix(2000))", sourceLocation: sourceLocation)
    }
  }

  private func value(_ query: SQL) async throws -> String? { try await TestDatabase.current.sql(query).value }

  /// SQLSTATE of what a statement meets.
  private func refusal(_ statement: String, as role: String? = nil) async throws -> String? {
    let connection = try await TestDatabase.current.connect()
    defer { Task { await connection.close() } }
    do {
      if let role { _ = try await connection.query("SET ROLE \(id: role)") }
      _ = try await connection.script(statement)
      return nil
    } catch {
      return error.sqlState
    }
  }

  @Test("grants and withdrawals are history; the view says what holds now")
  func history() async throws {
    try await apply(try ledger())
    try await TestDatabase.current.script(
      """
      SELECT consents_grant(1, 'news', '1', 'form 12, box 3', now() - interval '2 days');
      SELECT consents_grant(1, 'partners', '1'), consents_grant(2, 'news', '1');
      SELECT consents_withdraw(1, 'news', at => now() - interval '1 day');
      SELECT consents_grant(1, 'news', '1', at => now() - interval '3 days');
      """)
    #expect(
      try await value("SELECT string_agg(concat_ws(' ', subject, purpose, granted), ', ' ORDER BY subject, purpose) FROM consents_current")
        == "1 news f, 1 partners t, 2 news t")
    #expect(try await value("SELECT count(*) || ' ' || count(evidence) FROM consents") == "5 1")
    #expect(try await value("SELECT consents_holds(1, 'news') || ' ' || consents_holds(2, 'news') || ' ' || consents_holds(3, 'news')") == "false true false")
    #expect(try await value("SELECT pg_typeof(at)::text FROM consents LIMIT 1") == "timestamp with time zone")
  }

  @Test("what cannot be is refused", arguments: [
    ("SELECT consents_grant(99, 'news', '1')", "23503"), ("SELECT consents_grant(NULL, 'news', '1')", "23503"),
    ("SELECT consents_grant(1, 'new', '1')", "23503"), ("SELECT consents_grant(1, 'news', '2')", "23503"),
    ("SELECT consents_withdraw(2, 'news')", "P0002"),
    ("SELECT consents_grant(1, 'news', '1', at => now() + interval '1 day')", "23514"),
    ("UPDATE consents SET action = 'withdraw'", "42501"), ("DELETE FROM consents", "42501"), ("TRUNCATE consents", "42501"),
    ("UPDATE consents SET erased_at = now(), subject_token = gen_random_uuid()", "42501"),
    ("SET session_replication_role = replica; DELETE FROM consents", "42501"),
    ("UPDATE consents_purposes SET text = 'x'", "42501"), ("DELETE FROM consents_purposes WHERE purpose = 'news'", "23503"),
    ("TRUNCATE consents_purposes CASCADE", "42501"),
  ])
  func refused(statement: String, state: String) async throws {
    try await apply(try ledger())
    try await TestDatabase.current.script("SELECT consents_grant(1, 'news', '1')")
    #expect(try await refusal(statement) == state)
    #expect(try await value("SELECT count(*) || ' ' || count(erased_at) FROM consents") == "1 0")
  }

  @Test("a person who is deleted leaves entries that nothing leads back from", arguments: ["DELETE FROM users WHERE id = 1", "SELECT consents_forget(1)", "TRUNCATE users"])
  func erased(statement: String) async throws {
    try await apply(try ledger())
    try await TestDatabase.current.script(
      "SELECT consents_grant(1, 'news', '1', 'u1@x.dz'); SELECT consents_withdraw(1, 'news'); SELECT consents_grant(2, 'news', '1')")
    let token = try await value("SELECT token FROM consents_subjects WHERE subject = 1") ?? ""
    let rest = "SELECT string_agg(concat_ws(' ', id, purpose, policy_version, action, at, recorded_at, evidence), ',' ORDER BY id) FROM consents"
    let before = try await value(.init(verbatim: rest))
    try await TestDatabase.current.script(statement)
    #expect(try await value(.init(verbatim: rest)) == before, "the evidence has changed")
    #expect(try await value("SELECT count(*) || ' ' || count(DISTINCT subject_token) FROM consents WHERE id <= 2 AND erased_at IS NOT NULL") == "2 1")
    #expect(try await value("SELECT count(*) FROM consents WHERE subject_token = \(token)::uuid") == "0")
    #expect(try await value("SELECT count(*) FROM consents_subjects WHERE subject = 1 OR token = \(token)::uuid") == "0")
    #expect(try await value("SELECT count(*) FROM consents_current WHERE subject = 1") == "0")
    #expect(try await value("SELECT consents_holds(2, 'news')") == (statement.hasPrefix("TRUNCATE") ? "f" : "t"))
  }

  @Test("roles can do what they are let, and nothing else")
  func roles() async throws {
    let mine = try await value("SELECT 'app' || (random() * 1e9)::int || '_' || current_database()") ?? ""
    let role = String(mine.prefix(60))
    try await TestDatabase.current.sql("CREATE ROLE \(id: role)")
    let record: JSON = [.string(role)]
    try await apply(try ledger([("record", record)]))
    #expect(try await refusal("SELECT consents_grant(1, 'news', '1'), consents_holds(1, 'news')", as: role) == nil)
    for statement in [
      "SELECT FROM consents", "SELECT FROM consents_current", "SELECT FROM consents_subjects", "SELECT consents_forget(1)",
      "SELECT consents_record(1, 'news', '1', 'grant', NULL, NULL)", "INSERT INTO consents_purposes VALUES ('x', 'x', 'x')",
    ] { #expect(try await refusal(statement, as: role) == "42501", "\(statement)") }
    let more = try ledger([("record", record), ("read", record), ("forget", record)])
    try await apply(more)
    #expect(try await refusal("SELECT FROM consents_current; SELECT consents_forget(1)", as: role) == nil)
    guard case .rolledBack = try await more.runner().rollback().ending else { return _ = Issue.record("not rolled back") }
    #expect(try await refusal("SELECT FROM consents_current", as: role) == "42501")
    #expect(try await refusal("SELECT consents_grant(1, 'news', '1')", as: role) == nil)
    try await TestDatabase.current.script("DROP OWNED BY \(Quoting.identifier(role)); DROP ROLE \(Quoting.identifier(role))")
  }

  @Test("a new text is a new version, and the one that people agreed to stays as it was")
  func versions() async throws {
    try await apply(try ledger())
    try await TestDatabase.current.script("SELECT consents_grant(1, 'news', '1')")
    let second = try ledger([("purposes", ["news": ["policy": "2", "text": "Letters and offers"]])])
    try await apply(second)
    #expect(try await value("SELECT string_agg(purpose || policy_version || text, ' ' ORDER BY 1) FROM consents_purposes")?.contains("news1Letters ") == true)
    #expect(try await value("SELECT consents_holds(1, 'news')") == "t")
    let changed = try await compile(
      GDPRConsent.self, "{ledger: consents, subject: {table: users, key: id}, purposes: {news: {policy: '1', text: Other}}}")
    #expect(changed.refusals.map(\.code) == ["consent.text"])
    guard case .rolledBack = try await second.runner().rollback().ending else { return _ = Issue.record("not rolled back") }
    #expect(try await value("SELECT count(*) FROM consents_purposes") == "2")
  }

  @Test("with an entry in it a rollback leaves all of the ledger where it is; without one nothing stays")
  func rollback() async throws {
    let before = try await CatalogText.read()
    let harness = try ledger()
    try await apply(harness)
    let made = try await CatalogText.read()
    try await TestDatabase.current.script("SELECT consents_grant(1, 'news', '1')")
    let ending = try await harness.runner().rollback().ending
    if case .rolledBack = ending { Issue.record("evidence was dropped") }
    #expect(CatalogText.difference(made, try await CatalogText.read()) == [])
    #expect(try await value("SELECT consents_holds(1, 'news')") == "t")
    try await TestDatabase.current.script(
      "ALTER TABLE consents DISABLE TRIGGER append_only; DELETE FROM consents; ALTER TABLE consents ENABLE ALWAYS TRIGGER append_only")
    guard case .rolledBack = try await harness.runner().rollback().ending else { return _ = Issue.record("not rolled back") }
    #expect(CatalogText.difference(before, try await CatalogText.read()) == [])
  }

  @Test("says what it found", arguments: [
    ("consent.subject", "{ledger: consents, subject: {table: user, key: id}, purposes: {n: {policy: '1', text: x}}}", ""),
    ("consent.subject", "{ledger: consents, subject: {table: users, key: idd}, purposes: {n: {policy: '1', text: x}}}", ""),
    ("consent.subject", "{ledger: consents, subject: {table: users, key: email}, purposes: {n: {policy: '1', text: x}}}", ""),
    ("consent.role", "{ledger: consents, subject: {table: users, key: id}, purposes: {n: {policy: '1', text: x}}, read: [nobody_at_all]}", ""),
    ("consent.ledger", "{ledger: other, subject: {table: users, key: id}, purposes: {n: {policy: '1', text: x}}}", ""),
    ("consent.ledger", "{ledger: consents, subject: {table: users, key: id}, purposes: {n: {policy: '1', text: x}}}",
     "CREATE TABLE consents_current (id int)"),
  ])
  func findings(code: String, yaml: String, setup: String) async throws {
    if !setup.isEmpty { try await TestDatabase.current.script(setup) }
    let program = try await compile(GDPRConsent.self, yaml)
    #expect(program.refusals.map(\.code) == [code])
    #expect(program.refusals.first?.range != nil && program.refusals.first?.choices.isEmpty == false)
  }

  @Test("as wanted, it says so and does nothing")
  func same() async throws {
    let harness = try ledger()
    try await apply(harness)
    let program = try await compile(
      GDPRConsent.self, "{ledger: consents, subject: {table: users, key: id}, purposes: {news: {policy: '1', text: Letters}}}")
    #expect(program.operations.isEmpty && program.findings.map(\.code) == ["consent.same"])
  }
}
