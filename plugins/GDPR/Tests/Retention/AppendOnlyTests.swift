@testable import GDPR
import PluginAPI
import PostgresClient
import TestSupport
import Testing

private let tables = LogSample.tables + """
  CREATE FUNCTION no_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF current_setting('app.purging', true) = 'on' THEN RETURN coalesce(NEW, OLD); END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
  END $$;
  CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON logs FOR EACH ROW EXECUTE FUNCTION no_change();
  CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON plain FOR EACH ROW EXECUTE FUNCTION no_change();
  ALTER TABLE plain ENABLE ALWAYS TRIGGER no_change;
  CREATE TABLE notes (plain_id int REFERENCES plain ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
  CREATE INDEX ON notes (plain_id);
  INSERT INTO notes VALUES (1), (1001);
  """

@Suite("an append-only table", .database(template: tables), .ownTime(.minutes(5)))
struct AppendOnlyTests {
  private func step(_ table: String, _ choice: String) throws -> Retaining {
    let references = table == "plain" ? ", references: { notes_plain_id_fkey: follow }" : ""
    return try Retaining(
      "{ table: \(table), key: at, keep: 1 year, mode: delete, partitions: never, batch: 30\(choice)\(references) }")
  }

  @Test("without a decision nothing happens, and the setting that its function asks for is named")
  func undecided() async throws {
    let refusal = try await compile(GDPRRetention.self, "{table: logs, key: at, keep: 1 year, mode: delete}").refusals.first
    #expect(refusal?.code == "retention.append_only")
    #expect(refusal?.choices.first?.hasPrefix("triggers: { no_change: { setting: app.purging, to: \"on\" } }") == true)
    let ending = try await step("logs", "").harness.runner().apply().ending
    guard case .refused = ending else { return _ = Issue.record("\(ending)") }
    #expect(try await LogSample.count("logs") == "110")
  }

  @Test("by a setting or by being off for the batch alone, the rows go and the trigger is as it was", arguments: [
    ("logs", ", triggers: { no_change: { setting: app.purging, to: \"on\" } }"), ("logs", ", triggers: { no_change: disable }"),
    ("plain", ", triggers: { no_change: { setting: app.purging, to: \"on\" } }"), ("plain", ", triggers: { no_change: disable }"),
  ])
  func decided(table: String, choice: String) async throws {
    let states: SQL = """
      SELECT string_agg(tgrelid::regclass || ' ' || tgenabled::text, ', ' ORDER BY tgrelid::regclass::text)
      FROM pg_trigger WHERE tgname = 'no_change'
      """
    let before = try await LogSample.value(states)
    try await step(table, choice).apply()
    #expect(try await LogSample.value("SELECT count(*) || ' ' || min(id) FROM \(sql: table)") == "10 1001")
    #expect(try await LogSample.value(states) == before)
    #expect(try await LogSample.value("SELECT string_agg(plain_id::text, ' ') FROM notes") == (table == "plain" ? "1001" : "1 1001"))
    await #expect(throws: PostgresError.self) { try await TestDatabase.current.sql("DELETE FROM \(sql: table)") }
  }

  @Test("a trigger that is said to let rows pass, and does not, stops the step before anything is gone")
  func kept() async throws {
    let ending = try await step("plain", ", triggers: { no_change: keep }").harness.runner().apply().ending
    guard case .failed = ending else { return _ = Issue.record("\(ending)") }
    #expect(try await LogSample.count("plain") == "110")
  }

  @Test("while it is off nobody else can write without it")
  func closed() async throws {
    let step = try step("plain", ", triggers: { no_change: disable }")
    // A row that a batch waits for, under the lock it has taken.
    let holder = try await TestDatabase.current.connect()
    try await holder.script("BEGIN; SELECT FROM plain WHERE id = 1 FOR UPDATE")
    async let ending = step.harness.runner().apply().ending
    #expect(await step.harness.events.says("within max_stall"))
    await #expect(throws: PostgresError.self) { try await TestDatabase.current.sql("DELETE FROM plain WHERE id = 1001") }
    try await holder.script("COMMIT")
    await holder.close()
    guard case .succeeded = try await ending else { return _ = Issue.record("\(try await ending)") }
    #expect(try await LogSample.count("plain") == "10")
  }
}
