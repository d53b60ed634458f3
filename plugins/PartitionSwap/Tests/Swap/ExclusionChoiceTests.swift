import Engine
import JSONText
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

@Suite("exclusion constraints after a swap", .database(template: ChoiceSample.database), .ownTime(.minutes(5)))
struct ExclusionChoiceTests {
  private static let constraint = """
    ALTER TABLE events ADD CONSTRAINT events_room EXCLUDE USING gist (room WITH &&) WHERE (kind <> 'z');
    COMMENT ON CONSTRAINT events_room ON events IS 'a room is taken once';
    """

  private func trial(_ choice: String) async throws -> SwapTrial {
    try await TestDatabase.current.script(Self.constraint)
    return try ChoiceSample.trial([("exclusion", ["events_room": .string(choice)])])
  }

  @Test("per_partition: enforced in each partition, not across them")
  func perPartition() async throws {
    let trial = try await trial("per_partition")
    guard try await trial.apply() else { return }
    try await expect([
      ("INSERT INTO events (at, room) VALUES ('2025-01-20', '[10,11)')", "23P01 events_p202501_room_excl"),
      ("INSERT INTO events (at, room) VALUES ('2025-03-20', '[10,11)')", "ok"),
      ("DELETE FROM events WHERE id > 100", "ok"),
    ])
    guard try await trial.rollBack() else { return }
    try await expect([("INSERT INTO events (at, room) VALUES ('2025-03-20', '[10,11)')", "23P01 events_room")])
  }

  @Test("guard: enforced over all partitions, whatever is done, and the error has its name")
  func guarded() async throws {
    let trial = try await trial("guard")
    guard try await trial.apply() else { return }
    try await TestDatabase.current.script("TRUNCATE notes, tags, marks")
    try await expect([
      ("INSERT INTO events (at, room) VALUES ('2025-03-20', '[12,13)')", "23P01 events_room"),
      ("INSERT INTO events (at, room, kind) VALUES ('2025-03-20', '[12,13)', 'z')", "ok"),
      ("UPDATE events SET kind = 'a' WHERE kind = 'z'", "23P01 events_room"),
      ("INSERT INTO events (at, room) VALUES ('2025-03-20', NULL), ('2025-04-20', 'empty')", "ok"),
      ("UPDATE events SET room = '[20,21)' WHERE id = 90", "23P01 events_room"),
      // From one partition to another and back, with the same room: its own former row is not in the way.
      ("UPDATE events SET at = '2025-04-29' WHERE id = 3", "ok"),
      ("INSERT INTO events (at, room) VALUES ('2025-01-20', '[30,31)')", "23P01 events_room"),
      ("UPDATE events SET at = '2025-01-04', room = '[1000030,1000031)' WHERE id = 3", "ok"),
      ("INSERT INTO events (at, room) VALUES ('2025-03-20', '[30,31)')", "ok"),
      ("DELETE FROM events WHERE id = 5", "ok"),
      ("INSERT INTO events (at, room) VALUES ('2025-03-20', '[50,55)')", "ok"),
      ("INSERT INTO events (at, room) VALUES ('2025-03-20', '[7,8)'), ('2025-01-20', '[7,9)')", "23P01 events_room"),
      ("TRUNCATE events_p202502", "ok"),
      ("INSERT INTO events (at, room) VALUES ('2025-03-20', '[400,401)')", "ok"),
      ("INSERT INTO events (at, room) VALUES ('2025-03-20', '[12,13)')", "23P01 events_room"),
    ])
    try await expectInStep()
    let comment = try await TestDatabase.current.sql(
      "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'events_room'").value
    #expect(comment == "a room is taken once")
    guard try await trial.rollBack() else { return }
    try await expect([("INSERT INTO events (at, room) VALUES ('2025-03-20', '[12,13)')", "23P01 events_room")])
    guard try await trial.apply(again: true) else { return }
    try await expect([("INSERT INTO events (at, room) VALUES ('2025-03-20', '[12,13)')", "23P01 events_room")])
    try await expectInStep()
  }

  @Test("guard: a trigger of the table's own that changes what is excluded does not slip by it")
  func changedByTrigger() async throws {
    try await TestDatabase.current.script("""
      CREATE FUNCTION widen() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.v < 0 THEN NEW.room := int4range(20, 21); END IF; RETURN NEW; END $$;
      CREATE TRIGGER widen BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION widen();
      """)
    let trial = try await trial("guard")
    guard try await trial.apply() else { return }
    try await expect([
      ("UPDATE events SET v = -1 WHERE id = 90", "23P01 events_room"), ("UPDATE events SET v = 1 WHERE id = 90", "ok"),
    ])
    guard try await trial.rollBack() else { return }
  }

  @Test("guard: deferrable, it is asked at the end of the transaction")
  func deferred() async throws {
    try await TestDatabase.current.script("""
      ALTER TABLE events ADD CONSTRAINT events_v EXCLUDE USING btree (v WITH =) DEFERRABLE INITIALLY DEFERRED
      """)
    let trial = try ChoiceSample.trial([("exclusion", ["events_v": "guard"])])
    guard try await trial.apply() else { return }
    let connection = try await TestDatabase.current.connect()
    _ = try await connection.script(
      "BEGIN; UPDATE events SET v = 100 WHERE id = 1; UPDATE events SET v = 1 WHERE id = 100; COMMIT")
    #expect(try await outcome("UPDATE events SET v = 2 WHERE id = 100", on: connection) == "23P01 events_v")
    await connection.close()
    guard try await trial.rollBack() else { return }
  }

  private func expectInStep() async throws {
    let query: SQL = """
      SELECT count(*) FROM (
        (SELECT id, at, kind, room FROM events WHERE kind <> 'z' EXCEPT ALL SELECT id, at, kind, room FROM events_room_guard)
        UNION ALL (SELECT id, at, kind, room FROM events_room_guard EXCEPT ALL SELECT id, at, kind, room FROM events)) x
      """
    #expect(try await TestDatabase.current.sql(query).value == "0")
  }
}
