import TestSupport
import Testing

/// What the reports recommend, judged by what is asked of the step: the same questions, other answers.
@Suite("the recommended jobs fail", .database(template: LogSample.tables))
struct ReportedPurgeTests {
  /// gdpr_purge_old_logs: no predicate for what is done.
  private static let purge = """
    UPDATE plain SET email = NULL, data = jsonb_build_object('anonymised', true, 'was', data->>'email')
    WHERE at < now() - interval '1 year'
    """

  @Test("the recommended anonymisation writes every row again in its second run, and destroys what the first had kept")
  func purgesTwice() async throws {
    let places = "SELECT md5(string_agg(ctid::text, ' ' ORDER BY id)) FROM plain"
    try await TestDatabase.current.script(Self.purge)
    let before = try await LogSample.value(.init(verbatim: places))
    #expect(try await LogSample.count("plain WHERE data->>'was' IS NOT NULL") == "100")
    try await TestDatabase.current.script(Self.purge)
    #expect(try await LogSample.value(.init(verbatim: places)) != before)
    #expect(try await LogSample.count("plain WHERE data->>'was' IS NOT NULL") == "0")
  }

  @Test("the recommended consents vanish with the person, take nobody's and the same twice, and know no withdrawal")
  func consents() async throws {
    try await TestDatabase.current.script(
      """
      CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1);
      CREATE TABLE gdpr_consents (id serial PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE, consent_type text,
        granted boolean, granted_at timestamp);
      INSERT INTO gdpr_consents (user_id, consent_type, granted) VALUES (1, 'news', true), (1, 'news', true), (NULL, 'news', true);
      DELETE FROM users;
      """)
    #expect(try await LogSample.value("SELECT count(*) || ' ' || count(user_id) FROM gdpr_consents") == "1 0")
  }
}
