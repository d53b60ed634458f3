import JSONText
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

@Suite("foreign keys to a table that was swapped", .database(template: ChoiceSample.database), .ownTime(.minutes(5)))
struct IncomingChoiceTests {
  @Test("composite: kept for applications that do not know the column, with what ON DELETE says")
  func composite() async throws {
    let trial = try ChoiceSample.trial(incoming: ChoiceSample.composite)
    let before = try await trial.inventory()
    guard try await trial.apply() else { return }
    #expect(try await value("SELECT bool_and(n.event_at = e.at) FROM notes n JOIN events e ON e.id = n.event") == "t")
    let full: SQL = """
      SELECT count(*) FROM pg_constraint WHERE conname IN ('notes_event', 'tags_event', 'marks_event') AND conparentid = 0
        AND convalidated AND confmatchtype = 'f' AND condeferrable = (conname = 'notes_event')
      """
    #expect(try await value(full) == "3")
    try await expect([
      ("INSERT INTO notes VALUES (50, 60)", "ok"),
      ("INSERT INTO notes VALUES (51, 6000)", "23503 notes_event"),
      ("INSERT INTO notes VALUES (52, NULL)", "ok"),
      ("UPDATE notes SET event = 61 WHERE id = 50", "ok"),
      ("UPDATE notes SET event = 6100 WHERE id = 50", "23503 notes_event"),
      ("UPDATE notes SET event = 62 WHERE id = 52", "ok"),
      ("UPDATE notes SET event_at = '2030-01-01' WHERE id = 52", "23503 notes_event"),
      ("UPDATE notes SET event = NULL WHERE id = 52", "ok"),
      // To another partition: what refers to it follows.
      ("UPDATE events SET at = '2025-04-29' WHERE id IN (1, 61)", "ok"),
      ("DELETE FROM events WHERE id = 21", try await Self.restricted("marks_event_event_at_fkey", from18: "marks_event_1")),
      ("UPDATE events SET at = '2025-04-29' WHERE id = 22", "ok"),
      ("DELETE FROM events WHERE id IN (1, 2)", "ok"),
    ])
    #expect(try await references("notes", "id < 3 OR id > 40") == "50 61 2025-04-29,52 - -")
    #expect(try await references("tags", "id < 3") == "1 - -,2 - -")
    #expect(try await value("SELECT event_at::date FROM marks WHERE event = 22") == "2025-04-29")
    guard try await trial.rollBack() else { return }
    #expect(before.difference(to: try await trial.inventory()).map(\.description) == [])
    #expect(try await value("SELECT count(*) FROM pg_attribute WHERE attname = 'event_at' AND NOT attisdropped") == "0")
    try await expect([
      ("INSERT INTO notes VALUES (61, 6000)", "23503 notes_event"),
      ("DELETE FROM events WHERE id = 21", try await Self.restricted("marks_event", from18: "marks_event")),
      ("DELETE FROM events WHERE id IN (3)", "ok"),
    ])
    #expect(try await value("SELECT count(*) FROM notes WHERE event = 3") == "0")
  }

  /// ON DELETE RESTRICT has an error code of its own from PostgreSQL 18 on (release notes, "Constraints"), and keys of
  /// partitions other names.
  private static func restricted(_ name: String, from18: String) async throws -> String {
    try await TestServer.major < 18 ? "23503 \(name)" : "23001 \(from18)"
  }

  @Test("composite: writers in REPEATABLE READ end with what their isolation level allows, and nothing dangles")
  func repeatableRead() async throws {
    let trial = try ChoiceSample.trial(incoming: ChoiceSample.composite)
    guard try await trial.apply() else { return }
    let writer = try await TestDatabase.current.connect()
    for (change, wanted): (SQL, String) in [
      ("UPDATE events SET at = '2025-04-28' WHERE id = 40", "40001"), ("DELETE FROM events WHERE id = 40", "40001"),
      ("INSERT INTO events (id, at) VALUES (4000, '2025-02-02')", "23503 notes_event"),
    ] {
      _ = try await writer.script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM events")
      try await TestDatabase.current.sql(change)
      let event: Int64 = wanted == "40001" ? 40 : 4000
      let found = try await outcome("INSERT INTO notes VALUES (90, \(event))", on: writer)
      #expect(found == wanted || found == "40001", "\(change.text)")
      _ = try await writer.script("ROLLBACK")
    }
    await writer.close()
    let dangling: SQL = """
      SELECT count(*) FROM notes n WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = n.event AND e.at = n.event_at)
      """
    #expect(try await value(dangling) == "0")
  }

  private func references(_ table: String, _ condition: String) async throws -> String? {
    let query: SQL = """
      SELECT string_agg(concat_ws(' ', id, coalesce(event::text, '-'), coalesce(event_at::date::text, '-')), ',' ORDER BY id)
      FROM \(id: table) WHERE \(sql: condition)
      """
    return try await value(query)
  }

  @Test("drop: rows may refer to nothing; the way back needs them to be right again")
  func dropped() async throws {
    let trial = try ChoiceSample.trial()
    let before = try await trial.inventory()
    guard try await trial.apply() else { return }
    try await expect([
      ("INSERT INTO notes VALUES (50, 6000)", "ok"), ("DELETE FROM events WHERE id = 21", "ok"),
      ("DELETE FROM notes WHERE id = 50", "ok"), ("DELETE FROM marks WHERE event = 21", "ok"),
    ])
    guard try await trial.rollBack() else { return }
    #expect(before.difference(to: try await trial.inventory()).map(\.description) == [])
  }

  @Test("half a reference is allowed by MATCH SIMPLE and would not be any more: refused, unless no column may be NULL")
  func half() async throws {
    try await TestDatabase.current.script("""
      CREATE TABLE pairs (a int, b int, at timestamptz NOT NULL, PRIMARY KEY (a, b));
      CREATE TABLE loose (a int, b int, CONSTRAINT loose_pair FOREIGN KEY (a, b) REFERENCES pairs);
      CREATE TABLE strict (a int NOT NULL, b int NOT NULL, CONSTRAINT strict_pair FOREIGN KEY (a, b) REFERENCES pairs);
      """)
    let trial = try SwapTrial(
      QualifiedName("public", "pairs"),
      [("by", "at"), ("incoming_foreign_keys", ["loose_pair": "composite", "strict_pair": "composite"])])
    let refusals = try await trial.refusals()
    #expect(refusals.map(\.code) == ["swap.incoming"])
    #expect(refusals.first?.message.contains("loose_pair") ?? false)
  }
}
