import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

@Suite("key log: verification and draining", .database(template: Followed.tables)) struct KeyLogVerifyTests {
  private let followed = Followed.simple
  private var database: TestDatabase { TestDatabase.current }

  @Test(
    "rows that are missing, too many, or different are copied again",
    arguments: [
      "DELETE FROM cp WHERE id = 5", "INSERT INTO cp VALUES (99, 0, 1), (-1, 0, 1), (5, 7, 1)",
      "UPDATE cp SET pad = '' WHERE pad IS NULL", "UPDATE cp SET u = u + 1 WHERE id = 1", "TRUNCATE cp",
      "UPDATE cp SET u = CASE id WHEN 4 THEN 7 ELSE 4 END WHERE id IN (4, 7)",
    ], [1, 3, 100])
  func repairs(damage: String, size: Int) async throws {
    let hand = try await ChunkHand.open(size: size)
    try await hand.run(followed.copy(try await followed.begin()))
    try await database.script("\(damage); UPDATE src SET u = 0 WHERE id = 8; ANALYZE")
    try await hand.run(followed.verification())
    #expect(try await followed.differences() == 0)
    #expect(try await database.text("SELECT recopied > 0 FROM caisson.fwd_state") == "t")
  }

  @Test("counting sees what is missing and not what is different")
  func counts() async throws {
    let hand = try await ChunkHand.open(size: 3)
    try await hand.run(followed.copy(try await followed.begin()))
    try await database.script("UPDATE cp SET u = 0 WHERE id = 1; DELETE FROM cp WHERE id = 9")
    try await hand.run(followed.verification(.count))
    #expect(try await database.text("SELECT recopied FROM caisson.fwd_state") == "1")
    #expect(try await followed.differences() == 2)
  }

  @Test("a range that does not get right fails the third time, and its keys are not told")
  func hopeless() async throws {
    let hand = try await ChunkHand.open(size: 3)
    try await hand.run(followed.copy(try await followed.begin()))
    try await database.script(
      """
      CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.u := 4711; RETURN NEW; END $$;
      CREATE TRIGGER spoil BEFORE INSERT ON cp FOR EACH ROW EXECUTE FUNCTION spoil();
      UPDATE src SET u = 5 WHERE id = 8;
      """)
    let error = await #expect(throws: PostgresError.self) { try await hand.run(followed.verification()) }
    #expect(error?.sqlState == "55000")
    #expect(error?.message == "range 3 of public.cp differs from public.src a third time, after it was copied again twice")
    // The second copy went with the chunk that failed after it.
    #expect(try await database.text("SELECT recopied FROM caisson.fwd_state") == "1")
    try await database.script("DROP TRIGGER spoil ON cp")
    try await hand.run(followed.verification())
    #expect(try await followed.differences() == 0)
  }

  @Test("the last writer is known after every sort of work", arguments: ["copy", "replay", "recopy"])
  func written(by: String) async throws {
    let hand = try await ChunkHand.open(size: 4)
    let fingerprint = try await followed.begin()
    let work: ChunkedWork
    switch by {
    case "copy": work = followed.copy(fingerprint)
    case "replay":
      try await hand.run(followed.copy(fingerprint))
      try await database.script("UPDATE src SET u = 0")
      work = followed.replay()
    default:
      try await hand.run(followed.copy(fingerprint))
      try await database.script("DELETE FROM cp WHERE id = 10")
      work = followed.verification()
    }
    try await hand.run(work)
    let last: SQL = "SELECT max(xmin::text::bigint) = (SELECT written FROM caisson.fwd_state) FROM cp"
    let isOwn = try await database.text(last)
    #expect(isOwn == "t" || by == "copy")
    #expect(try await database.text("SELECT max(xmin::text::bigint) <= (SELECT written FROM caisson.fwd_state) FROM cp") == "t")
    let before = try await database.text(followed.log.lastWriter)
    try await hand.run(followed.replay())
    #expect(try await database.text(followed.log.lastWriter) == before)
  }

  @Test("draining ends below the mark, and says so when it gets nowhere", arguments: [false, true])
  func drains(limited: Bool) async throws {
    let hand = try await ChunkHand.open(size: 4)
    try await hand.run(followed.copy(try await followed.begin()))
    let drain = followed.log.drainWork(below: 3, patience: 4, limited: limited, target: .milliseconds(250))
    try await database.script("UPDATE src SET u = u + 1; UPDATE src SET u = u + 1")
    #expect(try await hand.run(drain) == 20)
    #expect(try await followed.backlog() < 3)
    #expect(try await hand.run(drain) >= 0)
    // A writer that logs eight keys in each pass.
    try await database.script(
      """
      CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO caisson.fwd_log (k1, k2) SELECT g, g % 3 FROM generate_series(1, 8) g; RETURN NULL; END $$;
      CREATE TRIGGER more AFTER DELETE ON caisson.fwd_log FOR EACH STATEMENT EXECUTE FUNCTION more();
      UPDATE src SET u = 0;
      """)
    var kept: String?
    let error = await #expect(throws: PostgresError.self) {
      while true { kept = try await hand.chunk(drain, kept)[0] }
    }
    #expect(error?.sqlState == "55000")
    #expect(try #require(error?.message).hasPrefix("the log of changes of public.src grows as fast as it is replayed: "))
    #expect(try #require(error?.hint).contains("while the application writes less"))
    // As the hint says: more waits by now than ever, but nobody writes. The next session goes on from the same cursor.
    try await database.script(
      "DROP TRIGGER more ON caisson.fwd_log; INSERT INTO caisson.fwd_log (k1, k2) SELECT g % 10 + 1, 0 FROM generate_series(1, 200) g")
    let next = try await ChunkHand.open(size: 4)
    #expect(try await next.walk(drain, from: kept).isOver)
    #expect(try await followed.backlog() < 3)
  }
}
