import Engine
import JSONText
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

@Suite("unique keys after a swap", .database(template: ChoiceSample.database), .ownTime(.minutes(5)))
struct UniqueChoiceTests {
  @Test("append: unique together with the key, under its name; drop: not at all", arguments: ["append", "drop"])
  func plain(choice: String) async throws {
    let trial = try ChoiceSample.trial(unique: ["events_code": .string(choice)])
    guard try await trial.apply() else { return }
    try await expect([
      ("INSERT INTO events (at, code) VALUES ('2025-02-20', 'c1')", "ok"),
      ("INSERT INTO events (at, code) SELECT at, code FROM events WHERE id = 7",
        choice == "append" ? "23505 events_p202501_code_at_key" : "ok"),
    ])
    // The old table could not hold both: said before anything is locked, and which.
    let found = try await refusals(trial)
    #expect(found.count == 1, "\(found)")
    let rows = choice == "append" ? "1 values more than once, in 2 rows" : "2 values more than once, in 4 rows"
    #expect(found.first?.message.contains(rows) ?? false, "\(found)")
    #expect(found.first?.message.contains("events_p202501, events_p202502") ?? false || choice == "drop", "\(found)")
    #expect(found.first?.message.contains("SELECT code, count(*)") ?? false, "\(found)")
    try await expect([("DELETE FROM events WHERE id > 100", "ok")])
    guard try await trial.rollBack() else { return }
    try await expect([("INSERT INTO events (at, code) VALUES ('2025-02-20', 'c1')", "23505 events_code")])
  }

  private func refusals(_ trial: SwapTrial) async throws -> [EngineError] {
    let ending = try await trial.harness.runner().rollback().ending
    guard case .failed(let errors) = ending else {
      Issue.record("\(ending)")
      return []
    }
    return errors
  }

  @Test("the primary key, expressions and partial keys: what came twice is found for each, and NULL is no double")
  func cameTwice() async throws {
    try await TestDatabase.current.script("""
      CREATE UNIQUE INDEX events_lower ON events (lower(code), v) WHERE v > 0;
      CREATE UNIQUE INDEX events_one ON events (v) NULLS NOT DISTINCT WHERE kind = 'z';
      """)
    let trial = try ChoiceSample.trial(unique: ["events_code": "drop", "events_lower": "append", "events_one": "drop"])
    guard try await trial.apply() else { return }
    try await expect([
      ("INSERT INTO events (id, at, code) VALUES (500, '2025-01-20', NULL), (500, '2025-02-20', NULL)", "ok"),
      ("INSERT INTO events (at, code, v) VALUES ('2025-01-20', 'X', 7), ('2025-02-20', 'x', 7), ('2025-02-20', 'x', 0)", "ok"),
      ("INSERT INTO events (at, kind, v) VALUES ('2025-01-21', 'z', NULL), ('2025-02-21', 'z', NULL)", "ok"),
    ])
    let found = try await refusals(trial)
    for key in ["events_code", "events_lower", "events_one", "events_pkey"] {
      #expect(found.first?.message.contains("\(key): 1 values more than once, in 2 rows") ?? false, "\(key): \(found)")
    }
    #expect(found.first?.message.contains("lower(code)") ?? false, "\(found)")
    try await expect([("DELETE FROM events WHERE id > 100", "ok")])
    guard try await trial.rollBack() else { return }
  }

  @Test("guard: unique over all partitions, whatever is done, and the error has its name")
  func guarded() async throws {
    let trial = try ChoiceSample.trial(unique: ["events_code": "guard"])
    guard try await trial.apply() else { return }
    try await expectRestorable()
    try await TestDatabase.current.script("TRUNCATE notes, tags, marks")
    try await expect([
      ("INSERT INTO events (at, code) VALUES ('2025-03-20', 'c1')", "23505 events_code"),
      ("INSERT INTO events (at, code) VALUES ('2025-03-20', NULL), ('2025-03-20', NULL), ('2025-04-20', NULL)", "ok"),
      ("UPDATE events SET code = 'c2' WHERE id = 99", "23505 events_code"),
      ("UPDATE events SET code = NULL WHERE id = 98", "ok"),
      ("INSERT INTO events (at, code) VALUES ('2025-01-20', 'c98')", "ok"),
      ("UPDATE events SET code = 'c98' WHERE code IS NULL AND id = 98", "23505 events_code"),
      // From one partition to another, and back.
      ("UPDATE events SET at = '2025-04-29' WHERE code = 'c3'", "ok"),
      ("INSERT INTO events (at, code) VALUES ('2025-01-20', 'c3')", "23505 events_code"),
      ("UPDATE events SET at = '2025-01-04', code = 'c3' WHERE code = 'c3'", "ok"),
      ("UPDATE events SET at = '2025-02-04', code = 'c4' WHERE code = 'c3'", "23505 events_code"),
      ("UPDATE events SET at = '2025-02-04', code = 'd3' WHERE code = 'c3'", "ok"),
      ("INSERT INTO events (at, code) VALUES ('2025-04-20', 'c3')", "ok"),
      ("DELETE FROM events WHERE code = 'c5'", "ok"),
      ("INSERT INTO events (at, code) VALUES ('2025-04-20', 'c5')", "ok"),
      ("INSERT INTO events (at, code) VALUES ('2025-04-20', 'e'), ('2025-01-20', 'e')", "23505 events_code"),
      ("TRUNCATE events_p202502", "ok"),
      ("INSERT INTO events (at, code) VALUES ('2025-04-20', 'd3'), ('2025-01-20', 'c40')", "ok"),
      ("INSERT INTO events (at, code) VALUES ('2025-04-20', 'c1')", "23505 events_code"),
      ("TRUNCATE events", "ok"),
      ("INSERT INTO events (at, code) VALUES ('2025-04-20', 'c1')", "ok"),
    ])
    try await expectInStep()
    guard try await trial.rollBack() else { return }
    try await expect([
      ("INSERT INTO events (at, code) VALUES ('2025-03-20', 'c1')", "23505 events_code"),
      ("INSERT INTO events (at, code) VALUES ('2025-03-20', 'c2')", "ok"),
    ])
    guard try await trial.apply(again: true) else { return }
    try await expect([("INSERT INTO events (at, code) VALUES ('2025-03-21', 'c2')", "23505 events_code")])
    try await expectInStep()
  }

  private func expectInStep() async throws {
    let query: SQL = """
      SELECT count(*) FROM ((SELECT code FROM events WHERE code IS NOT NULL EXCEPT ALL SELECT code FROM events_code_guard)
        UNION ALL (SELECT code FROM events_code_guard EXCEPT ALL SELECT code FROM events)) x
      """
    #expect(try await value(query) == "0")
  }

  /// The server's own text of each trigger makes it again, as the restore of a dump does.
  private func expectRestorable() async throws {
    try await TestDatabase.current.script(
      """
      BEGIN;
      DO $$ DECLARE t record; BEGIN
        FOR t IN SELECT tgname, pg_get_triggerdef(oid) AS text FROM pg_trigger
          WHERE tgrelid = 'events'::regclass AND NOT tgisinternal
        LOOP
          EXECUTE format('DROP TRIGGER %I ON events', t.tgname);
          EXECUTE t.text;
        END LOOP;
      END $$;
      ROLLBACK
      """)
  }

  @Test("guard: two sessions with the same value at the same time: one waits for the other, and gives way")
  func concurrent() async throws {
    let trial = try ChoiceSample.trial(unique: ["events_code": "guard"])
    guard try await trial.apply() else { return }
    let first = try await TestDatabase.current.connect()
    for (end, wanted) in [("COMMIT", "23505 events_code"), ("ROLLBACK", "ok")] {
      for isolation in ["READ COMMITTED", "REPEATABLE READ"] {
        let code = "x \(end) \(isolation)"
        _ = try await first.script(
          "BEGIN ISOLATION LEVEL \(isolation); INSERT INTO events (at, code) VALUES ('2025-01-20', '\(code)')")
        async let second = outcome("INSERT INTO events (at, code) VALUES ('2025-04-20', \(code))")
        try await untilWaiting()
        _ = try await first.script(end)
        #expect(try await second == wanted)
      }
    }
    await first.close()
    try await expectInStep()
  }

  private func untilWaiting() async throws {
    try await TestDatabase.current.until(
      """
      SELECT count(*) > 0 FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT%'
      """)
  }

  @Test("NULLS NOT DISTINCT: the guard keeps the one NULL too")
  func nulls() async throws {
    try await TestDatabase.current.script("""
      ALTER TABLE events DROP CONSTRAINT events_code, ADD CONSTRAINT events_code UNIQUE NULLS NOT DISTINCT (code, v)
      """)
    let trial = try ChoiceSample.trial(unique: ["events_code": "guard"])
    guard try await trial.apply() else { return }
    try await expect([
      ("INSERT INTO events (at) VALUES ('2025-01-20')", "ok"),
      ("INSERT INTO events (at) VALUES ('2025-03-20')", "23505 events_code"),
      ("UPDATE events SET v = 5 WHERE v IS NULL", "ok"),
      ("INSERT INTO events (at) VALUES ('2025-03-20')", "ok"),
      ("INSERT INTO events (at, v) VALUES ('2025-03-20', 5)", "23505 events_code"),
    ])
    guard try await trial.rollBack() else { return }
  }
}
