import Digest
import Glibc
import JSONText
import PluginAPI
import TestSupport
import Testing

@testable import GDPR

@Suite("gdpr.anonymize", .database(template: People.tables), .ownTime(.minutes(5))) struct AnonymizeTests {
  private func run(_ more: [(String, JSON)] = [], without: Set<String> = []) async throws -> EngineHarness {
    let harness = try harness("gdpr.anonymize", People.parameters(more, without: without))
    try await harness.applied()
    return harness
  }

  /// Every row of everything, a line each, but for those who are meant.
  private static let others: SQL = """
    SELECT u::text FROM users u WHERE NOT gone UNION ALL
    SELECT d::text FROM drivers d JOIN users u ON u.id = user_id WHERE NOT gone UNION ALL
    SELECT t::text FROM trips t JOIN drivers d ON d.id = driver_id JOIN users u ON u.id = user_id WHERE NOT gone UNION ALL
    SELECT l::text FROM letters l JOIN users u ON lower(email) = lower(address) WHERE NOT gone
    """

  private static let dump: SQL = """
    SELECT u::text FROM users u UNION ALL SELECT d::text FROM drivers d UNION ALL SELECT t::text FROM trips t UNION ALL
    SELECT l::text FROM letters l UNION ALL SELECT a::text FROM audit a
    """

  /// Values that are one person's alone.
  private static let ofTheirs: SQL = """
    SELECT v FROM users u LEFT JOIN drivers d ON d.user_id = u.id CROSS JOIN LATERAL unnest(ARRAY[email, lower(email), phone,
      national_id, host(ip), 'N' || u.id || '"', 'copy-of-' || u.id || '@', 'seen with ' || d.id || ')']) v
    WHERE v IS NOT NULL AND u.id::text = ANY
    """

  @Test("everybody selected is done, nobody else, and no value of theirs is left, copies by triggers included")
  func everybody() async throws {
    let theirs = try await values("\(sql: Self.ofTheirs) (\(Array(People.selected))::text[])")
    let before = Set(try await values(Self.others))
    _ = try await run()
    #expect(Set(try await values("SELECT id FROM users WHERE gone AND gone_at IS NOT NULL")) == People.selected)
    let kept = try await values(Self.others)
    #expect(kept.count > 50 && before.isSuperset(of: kept))
    let dump = try await values(Self.dump).joined(separator: "\n")
    for value in theirs { #expect(!dump.contains(value), "\(value)") }
    #expect(try await value("SELECT count(*) FROM audit WHERE data::text LIKE '%mail.example%'") == "0")
    #expect(try await value("SELECT count(*) FROM audit") == "43")
  }

  @Test("each value becomes what its action says")
  func actions() async throws {
    _ = try await run()
    #expect(try await value("SELECT bool_and(email ~ '^[0-9a-f]{32}@gone.invalid$') FROM users WHERE gone") == "t")
    #expect(try await value("SELECT count(DISTINCT email) FROM users WHERE gone") == "43")
    #expect(try await values("SELECT DISTINCT concat_ws(' ', name, phone, born_on, label) FROM users WHERE gone") == ["Nobody 1970-01-01 Nobody!"])
    #expect(try await values("SELECT DISTINCT national_id || ip FROM drivers WHERE user_id > 20") == [])
    #expect(try await values("SELECT DISTINCT host(ip) || '/' || masklen(ip) FROM drivers WHERE user_id > 20") == ["10.0.0.0/16"])
    #expect(try await value("SELECT note ~ '^s[*]+$' FROM trips WHERE driver_id = 21 LIMIT 1") == "t")
    let letters = try await values("SELECT body - 'cc' || jsonb_build_object('n', body->'cc'->1) FROM letters WHERE address IS NULL GROUP BY 1")
    #expect(letters == [#"{"n": 7, "to": {"name": null}}"#])
    #expect(try await value("SELECT bool_and(body->'cc'->0->>'email' ~ '^anon-[0-9a-f]{32}$') FROM letters WHERE address IS NULL") == "t")
  }

  @Test("a second run changes nothing, with a marker and without", arguments: [true, false])
  func again(marked: Bool) async throws {
    let harness = try await run(without: marked ? [] : ["marker"])
    let state: SQL = "SELECT string_agg(x, ';' ORDER BY x) FROM (SELECT u.xmin || u::text AS x FROM users u UNION ALL SELECT l.xmin || l::text FROM letters l UNION ALL SELECT t.xmin || t::text FROM trips t UNION ALL SELECT a.xmin || a::text FROM audit a) s"
    let after = try await value(state)
    try await harness.applied(again: true)
    #expect(try await value(state) == after)
  }

  @Test("what is unknown needs a decision, and each decision selects", arguments: [
    (.string("include"), 43), (.string("exclude"), 38), (.string("made_at"), 43),
  ] as [(JSON, Int)])
  func unknown(decision: JSON, count: Int) async throws {
    let keys: JSON = ["column": "seen_at", "for": "1000 days", "null_activity": decision]
    let program = try await compile(GDPRAnonymize.self, People.parameters([("inactive", keys)]).text)
    let said = program.findings.first { $0.code == "gdpr.selected" }?.message ?? ""
    #expect(said.hasPrefix("\(count) of 60 rows"), "\(said)")
  }

  @Test("whoever comes back or is put on hold meanwhile is left alone, and counted")
  func meanwhile() async throws {
    try await TestDatabase.current.script(
      """
      CREATE FUNCTION comes_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = 20 THEN
          UPDATE users SET seen_at = now() WHERE id = 59; INSERT INTO holds VALUES (57, NULL);
        END IF; RETURN NULL; END $$;
      CREATE TRIGGER comes_back AFTER UPDATE OF gone ON users FOR EACH ROW EXECUTE FUNCTION comes_back();
      """)
    let harness = try await run()
    #expect(Set(try await values("SELECT id FROM users WHERE gone")) == People.selected.subtracting(["57", "59"]))
    #expect(try await value("SELECT email FROM users WHERE id = 57") == "Person.57@mail.example")
    let counted = try await value("SELECT result->'active_or_held_meanwhile' FROM caisson.task WHERE operation = 'count'")
    #expect(counted == "2", "\(harness.events.text.suffix(300))")
  }

  @Test("what is left of somebody stops the step, which names the table and nobody")
  func residue() async throws {
    try await TestDatabase.current.script(
      "CREATE TABLE trash (note text); INSERT INTO trash VALUES ('NID-00021'), ('PERSON.22@mail.example'), ('Karim Haddad')")
    let map = People.map.text.replacing("{\"table\":\"holds\"", with: "{\"table\":\"trash\",\"kept\":[\"note\"]},{\"table\":\"holds\"")
    let harness = try harness("gdpr.anonymize", People.parameters([("map", try JSON(parsing: map))]))
    let ending = try await harness.runner().apply().ending
    #expect("\(ending)".contains("public.trash (note) still holds a value"), "\(ending)")
    #expect(!"\(ending)\(harness.events.text)".contains("NID-"))
    try await TestDatabase.current.script("DELETE FROM trash WHERE note <> 'Karim Haddad'")
    let resumed = try await harness.runner().resume().ending
    guard case .succeeded = resumed else { return _ = Issue.record("\(resumed)") }
  }

  @Test("nobody's key and no value is in the journal, and nothing of the step stays")
  func journal() async throws {
    _ = try await run()
    let tables = try await values(
      "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'caisson'::regnamespace AND relkind = 'r'")
    #expect(!tables.contains { $0.contains("anonymize") }, "\(tables)")
    for table in tables {
      let rows = try await values("SELECT t::text FROM \(sql: table) AS t")
      for word in ["mail.example", "NID-000", "+2135000"] { #expect(!rows.contains { $0.contains(word) }, "\(table): \(word)") }
    }
  }

  @Test("too few who share a combination stop the step")
  func anonymity() async throws {
    let keys: JSON = ["quasi_identifiers": ["born_on", "made_at"], "k": 44]
    let harness = try harness("gdpr.anonymize", People.parameters([("k_anonymity", keys)]))
    let ending = try await harness.runner().apply().ending
    #expect("\(ending)".contains("fewer than 44 people share a combination of born_on, made_at"), "\(ending)")
  }

  @Test("a trigger that forbids changes is switched off within the transaction, and on again")
  func trigger() async throws {
    try await TestDatabase.current.script(
      """
      CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
      CREATE TRIGGER no_rewrite BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION never();
      ALTER TABLE audit ENABLE ALWAYS TRIGGER no_rewrite;
      """)
    _ = try await run([("triggers", ["disable": ["audit.no_rewrite"]])])
    #expect(try await value("SELECT tgenabled FROM pg_trigger WHERE tgname = 'no_rewrite'") == "A")
    #expect(try await value("SELECT count(*) FROM users WHERE gone") == "43")
  }

  @Test("what does not fit is refused before anything is touched", arguments: [
    ("marker", ["column": "gon"], "gdpr.map.column"), ("marker", ["column": "seen_at"], "gdpr.marker"),
    ("scrub", ["audits"], "gdpr.scrub"), ("where", "no_such > 1", "gdpr.selection"), ("where", "true) OR (true", "gdpr.where"),
    ("holds", ["query": "SELECT nobody FROM holds"], "gdpr.selection"),
    ("triggers", ["disable": ["audit.no_rewrit"]], "gdpr.trigger"),
    ("audit_table", ["table": "audit", "subject": "whom"], "gdpr.audit_table"),
    ("k_anonymity", ["quasi_identifiers": ["city"], "k": 3], "gdpr.map.column"),
  ] as [(String, JSON, String)])
  func refusals(key: String, keys: JSON, code: String) async throws {
    let program = try await compile(GDPRAnonymize.self, People.parameters([(key, keys)]).text)
    #expect(refused(program) == [code], "\(program.refusals)")
    #expect(program.operations.isEmpty)
  }

  @Test("new values are tried against CHECK constraints and types", arguments: [
    ("{token}@gone.invalid", "nobody{token}", "gdpr.map.check"), ("\"decade\"", "\"decade\"}, \"gone_at\":{\"action\":\"constant\",\"value\":\"soon\"", "gdpr.map.value"),
  ])
  func trial(old: String, new: String, code: String) async throws {
    let map = People.map.text.replacing(old, with: new).replacing(",\"gone_at\"]", with: code == "gdpr.map.value" ? "]" : ",\"gone_at\"]")
    let program = try await compile(
      GDPRAnonymize.self, People.parameters([("map", try JSON(parsing: map))], without: ["marker"]).text)
    #expect(refused(program) == [code], "\(program.refusals)")
  }

  @Test("what is written below somebody who has been done is done as well, copies by triggers included")
  func late() async throws {
    try await TestDatabase.current.script(
      """
      CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO drivers VALUES (NEW.id + 1000, NEW.id, 'LATE-' || NEW.id, '10.9.9.9'); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER late AFTER UPDATE OF gone ON users DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (OLD.id BETWEEN 30 AND 33) EXECUTE FUNCTION late();
      """)
    _ = try await run()
    #expect(try await values("SELECT DISTINCT concat_ws(' ', national_id, ip) FROM drivers WHERE id > 1000") == ["10.9.0.0/16"])
    #expect(try await value("SELECT count(*) FROM drivers WHERE id > 1000") == "4")
  }

  @Test("rows that are undone for ever stop the step, which says where, and goes on once that has ended")
  func undone() async throws {
    try await TestDatabase.current.script(
      """
      CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.national_id := coalesce(NEW.national_id, 'BACK-' || NEW.id); RETURN NEW; END $$;
      CREATE TRIGGER back BEFORE UPDATE ON drivers FOR EACH ROW EXECUTE FUNCTION back();
      """)
    let step = JSON.object(JSONObject([
      ("uses", "gdpr.anonymize"), ("with", People.parameters()), ("retry", ["attempts": 2, "backoff": "1ms..2ms"]),
    ])).text
    let harness = try EngineHarness("  s: \(step)", registry: registry, environment: "accept_irreversible: [s]")
    let ending = try await harness.runner().apply().ending
    #expect("\(ending)".contains("public.drivers has rows of a processed subject that are not as the map says"), "\(ending)")
    try await TestDatabase.current.script("DROP TRIGGER back ON drivers")
    let resumed = try await harness.runner().resume().ending
    guard case .succeeded = resumed else { return _ = Issue.record("\(resumed)") }
    #expect(try await value("SELECT count(*) FROM drivers d JOIN users u ON u.id = user_id WHERE gone AND national_id IS NOT NULL") == "0")
  }

  @Test("the planner's samples hold no value that was replaced, and materialized views that do are named")
  func copies() async throws {
    try await TestDatabase.current.script(
      """
      CREATE VIEW addresses AS SELECT id, email FROM users;
      CREATE MATERIALIZED VIEW shown AS SELECT email FROM addresses;
      CREATE MATERIALIZED VIEW counted AS SELECT gone, count(*) FROM users GROUP BY 1;
      """)
    let stats: SQL = "SELECT count(*) FROM pg_stats s WHERE schemaname = 'public' AND tablename = 'users' AND s::text LIKE '%Person.45@mail%'"
    #expect(try await value(stats) != "0")
    let found = try await compile(GDPRAnonymize.self, People.parameters().text).findings.filter { $0.code == "gdpr.materialized" }
    #expect(found.map(\.choices) == [["a step after: matview.refresh with names: [public.shown]"]])
    _ = try await run()
    #expect(try await value(stats) == "0")
  }

  @Test("a keyed digest is the same for the same value, is RFC 2104's, and its key stands nowhere")
  func pseudonym() async throws {
    setenv("CAISSON_TEST_PSEUDONYM", "pepper of the tests", 1)
    let keyed: JSON = ["action": "hmac", "key": "${env:CAISSON_TEST_PSEUDONYM}"]
    let text = People.map.text
      .replacing("\"national_id\":\"null\"", with: "\"national_id\":\(keyed.text)")
      .replacing("\"cc[*].email\":{\"action\":\"token\"}", with: "\"cc[*].email\":\(keyed.text)")
    try await TestDatabase.current.script(
      "ALTER TABLE drivers DROP CONSTRAINT drivers_national_id_key; UPDATE drivers SET national_id = 'NID-same' WHERE id IN (21, 23)")
    try #require(text.contains("CAISSON_TEST_PSEUDONYM"))
    let harness = try await run([("map", try JSON(parsing: text))])
    let key = SHA256.hex(of: "pepper of the tests")
    let expected = try HMACSHA256.code(for: Array("NID-same".utf8), key: #require(Hexadecimal.bytes(key)))
    #expect(try await values("SELECT national_id FROM drivers WHERE id IN (21, 23)") == Array(repeating: Hexadecimal.text(expected), count: 2))
    #expect(try await value("SELECT bool_and(body->'cc'->0->>'email' ~ '^[0-9a-f]{64}$') FROM letters WHERE address IS NULL") == "t")
    #expect(try await value("SELECT count(*) FROM drivers WHERE national_id LIKE 'NID-%' AND user_id IN (SELECT id FROM users WHERE gone)") == "0")
    for table in ["program", "plan", "event", "task"] {
      #expect(try await value("SELECT count(*) FROM caisson.\(sql: table) AS t WHERE t::text LIKE '%pepper%'") == "0")
    }
    let before = try await values("SELECT national_id FROM drivers ORDER BY id")
    try await harness.applied(again: true)
    #expect(try await values("SELECT national_id FROM drivers ORDER BY id") == before)
  }

  @Test("a digest that would be cut too short is refused")
  func shortPseudonym() async throws {
    let map = People.map.text.replacing("\"phone\":null", with: "\"phone\":{\"action\":\"hmac\",\"key\":\"${env:K}\"}")
    try await TestDatabase.current.script("ALTER TABLE users ALTER phone TYPE varchar(12) USING left(phone, 12)")
    #expect(refused(try await compile(GDPRAnonymize.self, People.parameters([("map", try JSON(parsing: map))]).text)) == ["gdpr.map.room"])
  }

  @Test("a reference that no index begins with is named, with the step that makes one; small tables are not worth it")
  func unindexed() async throws {
    let code = "gdpr.unindexed"
    #expect(try await compile(GDPRAnonymize.self, People.parameters().text).findings.allSatisfy { $0.code != code })
    try await TestDatabase.current.script(
      "INSERT INTO trips SELECT g, 21, '2026-05-05', 'n' FROM generate_series(1000, 2500) g; ANALYZE trips")
    let found = try await compile(GDPRAnonymize.self, People.parameters().text).findings.filter { $0.code == code }
    #expect(found.map(\.message) == ["no index of public.trips begins with driver_id: every batch reads all of it"])
    #expect(found.first?.choices == ["a step before: index.create with table: public.trips, columns: [driver_id]"])
    try await TestDatabase.current.script("CREATE INDEX ON trips (driver_id)")
    #expect(try await compile(GDPRAnonymize.self, People.parameters().text).findings.allSatisfy { $0.code != code })
  }

  @Test("a dry run says how many")
  func preview() async throws {
    let program = try await compile(GDPRAnonymize.self, People.parameters().text)
    let said = program.findings.first { $0.code == "gdpr.selected" }?.message ?? ""
    #expect(said.contains("43 of 60 rows") && said.contains("2 more would be") && said.contains("6 have no known"), "\(said)")
  }
}
