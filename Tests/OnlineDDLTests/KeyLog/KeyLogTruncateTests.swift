import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

@Suite("key log: TRUNCATE", .database(template: Followed.tables)) struct KeyLogTruncateTests {
  private let followed = Followed.simple
  private var database: TestDatabase { TestDatabase.current }

  @Test("limited passes of any size get past it", arguments: [1, 2, 3, 5, 100])
  func limited(size: Int) async throws {
    var hand = try await ChunkHand.open(size: 4)
    try await hand.run(followed.copy(try await followed.begin()))
    try await database.script(
      """
      UPDATE src SET u = 100 WHERE id < 4;
      BEGIN; INSERT INTO src VALUES (11, 1, 11); TRUNCATE src; INSERT INTO src SELECT g, g % 3, -g FROM generate_series(3, 6) g; COMMIT;
      UPDATE src SET p = p + 1 WHERE id = 4;
      BEGIN; TRUNCATE src; ROLLBACK;
      BEGIN; SAVEPOINT a; TRUNCATE src; ROLLBACK TO a; INSERT INTO src VALUES (12, 2, 12); COMMIT;
      """)
    hand.size = size
    try await hand.run(followed.replay(limited: true))
    #expect(try await followed.differences() == 0)
    #expect(try await followed.backlog() == 0)
    #expect(try await database.text("SELECT emptied FROM caisson.fwd_state") == "t")
  }

  @Test("in the middle of a copy, with passes in between", arguments: [1, 3, 7], KeyLog.CopyOrder.allCases)
  func middle(size: Int, order: KeyLog.CopyOrder) async throws {
    let hand = try await ChunkHand.open(size: size)
    let work = followed.copy(try await followed.begin(), order: order)
    let slice = try await hand.slices(work).first ?? nil
    let begun = try await hand.walk(work, slice: slice, atMost: 1)
    try await database.script("UPDATE src SET u = 1; TRUNCATE src; INSERT INTO src SELECT g, g % 3, -g FROM generate_series(1, 20) g")
    if size > 1 { try await hand.run(followed.replay(limited: true)) }
    if !begun.isOver { try await hand.walk(work, from: begun.cursor, slice: slice) }
    try await database.script("UPDATE src SET u = 2 WHERE id = 2")
    try await hand.run(followed.replay(limited: true))
    #expect(try await followed.differences() == 0)
  }

  @Test("of one leaf takes that leaf's rows from the copy and no others", arguments: [1, 2, 100])
  func leaf(size: Int) async throws {
    let reverse = try await Reverse.make()
    try await database.script(
      "UPDATE now SET u = 0 WHERE id = 4; TRUNCATE now1; INSERT INTO now VALUES (1, 1, 51), (31, 1, 52); UPDATE now SET u = 53 WHERE id = 2")
    let hand = try await ChunkHand.open(size: size)
    try await hand.run(reverse.replay(limited: true))
    #expect(try await reverse.differences() == 0)
    #expect(try await database.text("SELECT string_agg(id::text, ' ' ORDER BY id) FROM was") == "1 2 3 5 6 8 9 31")
  }
}

/// After a cutover: the application writes a partitioned table, and a plain one with a narrower key follows.
enum Reverse {
  static func make() async throws -> Followed {
    try await TestDatabase.current.script(
      """
      CREATE TABLE now (id int NOT NULL, p int NOT NULL, u int, PRIMARY KEY (id, p)) PARTITION BY LIST (p);
      CREATE TABLE now0 PARTITION OF now FOR VALUES IN (0);
      CREATE TABLE now1 PARTITION OF now FOR VALUES IN (1);
      CREATE TABLE now_rest PARTITION OF now DEFAULT PARTITION BY LIST (p);
      CREATE TABLE now2 PARTITION OF now_rest FOR VALUES IN (2);
      CREATE TABLE now_other PARTITION OF now_rest DEFAULT;
      INSERT INTO now SELECT g, g % 3, g FROM generate_series(1, 9) g;
      CREATE TABLE was (id int PRIMARY KEY, p int NOT NULL, u int UNIQUE);
      INSERT INTO was TABLE now;
      """)
    func name(_ name: String) -> QualifiedName { QualifiedName("public", name) }
    let log = KeyLog(
      source: name("now"), copy: name("was"),
      primaryKey: [LoggedColumn("id", "integer"), LoggedColumn("p", "integer")],
      partitionKey: LoggedColumn("p", "integer"), columns: ["id", "p", "u"], name: "back")
    let followed = Followed(log: log, leaves: ["now0", "now1", "now_rest", "now2", "now_other"].map(name))
    _ = try await followed.begin()
    for statement in log.tripwire(on: [log.copy]) { try await TestDatabase.current.sql(statement) }
    return followed
  }
}

@Suite("key log: back into a plain table", .database) struct KeyLogReverseTests {
  private var database: TestDatabase { TestDatabase.current }

  @Test("whole passes follow moves between leaves, keys that change places, and TRUNCATE")
  func follows() async throws {
    let reverse = try await Reverse.make()
    let hand = try await ChunkHand.open(size: 2)
    try await database.script(
      """
      UPDATE now SET p = 7 WHERE id = 1;
      UPDATE now2 SET p = 2, u = NULL WHERE id = 5;
      DELETE FROM now0 WHERE id = 3;
      INSERT INTO now1 VALUES (40, 1, 40);
      BEGIN; UPDATE now SET id = 1000 WHERE id = 6; UPDATE now SET id = 6 WHERE id = 7; UPDATE now SET id = 7 WHERE id = 1000; COMMIT;
      BEGIN; UPDATE now SET u = NULL WHERE id = 8; UPDATE now SET u = 8 WHERE id = 9; UPDATE now SET u = 9 WHERE id = 8; COMMIT;
      """)
    try await hand.run(reverse.replay())
    #expect(try await reverse.differences() == 0)
    #expect(try await hand.run(reverse.verification()) == 9)
    try await database.script("INSERT INTO now VALUES (41, 0, 41); TRUNCATE now; INSERT INTO now VALUES (1, 1, 1)")
    try await hand.run(reverse.replay())
    #expect(try await reverse.differences() == 0)
  }

  @Test("limited passes meet the narrower key's index: whole ones are the rule there")
  func limited() async throws {
    let reverse = try await Reverse.make()
    let hand = try await ChunkHand.open(size: 1)
    try await database.script(
      "BEGIN; UPDATE now SET u = NULL WHERE id = 8; UPDATE now SET u = 8 WHERE id = 7; UPDATE now SET u = 7 WHERE id = 8; COMMIT")
    let error = await #expect(throws: PostgresError.self) { try await hand.run(reverse.replay(limited: true)) }
    #expect(error?.sqlState == "23505")
    try await hand.run(reverse.replay())
    #expect(try await reverse.differences() == 0)
  }
}
