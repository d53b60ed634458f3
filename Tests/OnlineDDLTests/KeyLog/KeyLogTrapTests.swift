import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

/// Interleavings that random load seldom meets. Each shows a tempting way losing rows, and that ours does not.
@Suite("key log: interleavings", .database(template: Followed.tables)) struct KeyLogTrapTests {
  private let followed = Followed.simple
  private var database: TestDatabase { TestDatabase.current }

  /// A replay in several statements, as one would write it first: `k` holds what was taken.
  static let severalStatements = """
    CREATE TEMP TABLE k ON COMMIT DROP AS SELECT DISTINCT k1, k2 FROM caisson.fwd_log WHERE NOT marker;
    DELETE FROM caisson.fwd_log;
    DELETE FROM cp d USING k WHERE (d.id, d.p) = (k.k1, k.k2);
    INSERT INTO cp SELECT s.* FROM src s JOIN k ON (s.id, s.p) = (k.k1, k.k2);
    """

  enum Entry: String, CaseIterable { case rowLock, none, ours }

  @Test(
    "a replay behind a chunk that has just left the gate sees what the chunk wrote",
    arguments: [(Entry.rowLock, false), (.ours, true)])
  func gate(entry: Entry, holds: Bool) async throws {
    let fingerprint = try await followed.begin()
    let chunk = try await ChunkHand.open(size: 100)
    let copy = followed.copy(fingerprint)
    try await chunk.begin(copy)
    _ = try await chunk.connection.script("SELECT FROM caisson.fwd_state FOR SHARE")
    _ = try await chunk.act(copy)
    try await database.script("DELETE FROM src WHERE id = 1")
    let other = try await ChunkHand.open()
    // The verification's pass is the one under REPEATABLE READ.
    var pass = followed.verification()
    pass.statements = [pass.statements[0]]
    let replay = Task { [pass] in
      if entry == .ours {
        _ = try await other.chunk(pass)
      } else {
        try await other.begin(pass, entering: false)
        _ = try await other.connection.script("SELECT FROM caisson.fwd_state FOR UPDATE")
        _ = try await other.act(pass)
        try await other.connection.script("COMMIT")
      }
    }
    if entry == .ours || entry == .rowLock { try await database.waiting(other.connection) }
    try await chunk.connection.script("COMMIT")
    // The row lock may also end in 40001 where the chunk wrote the row: then nothing is lost, but nothing is shown either.
    let outcome = await replay.result
    if holds { try outcome.get() }
    let differences = try await followed.differences(), backlog = try await followed.backlog()
    #expect((differences == 0 && backlog == 0) == holds)
  }

  @Test(
    "the last replay sees what the writer did that its lock waited for",
    arguments: [("REPEATABLE READ", false), ("READ COMMITTED", true)])
  func cutover(isolation: String, holds: Bool) async throws {
    let hand = try await ChunkHand.open()
    try await hand.run(followed.copy(try await followed.begin()))
    let writer = try await database.connected("BEGIN; UPDATE src SET u = 77 WHERE id = 3")
    let cutover = try await database.connected()
    let replay = followed.log.replay().text
    let swap = Task {
      try await cutover.script(
        """
        BEGIN ISOLATION LEVEL \(isolation); UPDATE caisson.fwd_state SET one = one;
        LOCK TABLE src IN ACCESS EXCLUSIVE MODE; \(replay); COMMIT
        """)
    }
    try await database.waiting(cutover)
    try await writer.script("COMMIT")
    _ = await swap.result
    #expect((try await followed.differences() == 0) == holds)
  }

  @Test(
    "a replay between two chunks needs the copy's primary key", arguments: [(keyed: false, holds: false), (true, true)],
    KeyLog.CopyOrder.allCases)
  func between(_ keyed: (Bool, Bool), order: KeyLog.CopyOrder) async throws {
    let fingerprint = try await followed.begin(keyed: keyed.0)
    let hand = try await ChunkHand.open(size: 100)
    try await database.script("UPDATE src SET u = 0 WHERE id = 5")
    try await hand.run(followed.replay(indexed: keyed.0))
    try await hand.run(followed.copy(fingerprint, order: order, keyed: keyed.0))
    #expect((try await followed.differences() == 0) == keyed.1)
  }

  @Test("a pass brings one state of the source over, whatever commits during it", arguments: [false, true])
  func oneSnapshot(ours: Bool) async throws {
    let hand = try await ChunkHand.open()
    try await hand.run(followed.copy(try await followed.begin()))
    try await database.script(
      """
      CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN OLD; END $$;
      CREATE TRIGGER hold_up BEFORE DELETE ON cp1 FOR EACH ROW EXECUTE FUNCTION hold_up();
      UPDATE src SET u = 0 WHERE id = 1;
      """)
    let holder = try await database.connected("BEGIN; SELECT pg_advisory_xact_lock(7)")
    let pass = followed.replay()
    let several = Self.severalStatements
    let replay = Task {
      if ours { _ = try await hand.chunk(pass) } else { try await hand.connection.script("BEGIN; \(several) COMMIT") }
    }
    try await database.waiting(hand.connection)
    try await database.script("BEGIN; UPDATE src SET u = 1 WHERE id = 4; UPDATE src SET u = 4 WHERE id = 1; COMMIT")
    try await holder.script("COMMIT")
    try await replay.value
    // 4 twice is a state that the source never had: a unique index on the copy would not have taken it.
    #expect(try await database.text("SELECT count(*) FROM cp WHERE u = 4") == (ours ? "1" : "2"))
    try await hand.run(pass)
    #expect(try await followed.differences() == 0)
  }

  @Test("no range is judged by a snapshot from before a TRUNCATE", arguments: [false, true])
  func truncated(ours: Bool) async throws {
    let hand = try await ChunkHand.open(size: 100)
    try await hand.run(followed.copy(try await followed.begin()))
    let verification = followed.verification()
    let start = try await hand.chunk(verification)[0]
    if ours {
      let writer = try await database.connected("BEGIN; TRUNCATE src")
      let look = Task { try await hand.chunk(verification, start)[0] }
      try await database.waiting(hand.connection)
      try await writer.script("COMMIT")
      #expect(try await look.value == nil)
    } else {
      try await hand.begin(verification, entering: false)
      try await database.script("TRUNCATE src")
      let judged = try await hand.act(verification, start)[0]
      try await hand.connection.script("COMMIT")
      #expect(try #require(judged).contains(#""differed": 1"#))
    }
    #expect(try await database.text("SELECT recopied FROM caisson.fwd_state") == "0")
  }

  @Test("a reader whose snapshot is older than the copy is seen, though the last replay had nothing to do")
  func oldReader() async throws {
    let hand = try await ChunkHand.open(size: 4)
    let fingerprint = try await followed.begin()
    let reader = try await database.connected("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
    try await hand.run(followed.copy(fingerprint))
    try await hand.run(followed.replay())
    let rows = try await database.sql(followed.log.oldReaders).rows
    let row = try #require(rows.first)
    #expect(row["ok"] == "f")
    #expect(try #require(row["why"]).contains("\(reader.backendPID) (user "))
    try await hand.connection.script("BEGIN; LOCK TABLE src; ALTER TABLE src RENAME TO old; ALTER TABLE cp RENAME TO src; COMMIT")
    #expect(try await reader.query("SELECT count(*) FROM src").value == "0")
    #expect(try await reader.query("UPDATE src SET u = 1 WHERE id = 1").affected == 0)
    try await reader.script("ROLLBACK")
    #expect(try await database.sql(followed.log.oldReaders).rows.first?["ok"] == "t")
  }

  @Test("a statement that queues behind our lock is no old reader, a snapshot elsewhere is")
  func queued() async throws {
    let hand = try await ChunkHand.open(size: 100)
    try await hand.run(followed.copy(try await followed.begin()))
    try await database.script("UPDATE src SET u = 0 WHERE id = 2")
    let cutover = try await database.connected("BEGIN; LOCK TABLE src")
    let queued = try await database.connected()
    let waiting = Task { try await queued.query("SELECT count(*) FROM src").value }
    try await database.waiting(queued)
    _ = try await cutover.script(followed.log.replay().text)
    #expect(try await cutover.query(followed.log.oldReaders).rows.first?["ok"] == "t")
    let reader = try await database.connected("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
    #expect(try await cutover.query(followed.log.oldReaders).rows.first?["ok"] == "f")
    try await reader.script("COMMIT")
    try await cutover.script("ALTER TABLE src RENAME TO old; ALTER TABLE cp RENAME TO src; COMMIT")
    #expect(try await waiting.value == "10")
  }

  @Test("a statement that holds the old table's OID is stopped, and our replay is not", arguments: [false, true])
  func tripwire(armed: Bool) async throws {
    let hand = try await ChunkHand.open()
    try await hand.run(followed.copy(try await followed.begin()))
    try await database.script(
      "CREATE FUNCTION ins() RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO src VALUES (99, 0, 0); END")
    let cutover = try await database.connected("BEGIN; LOCK TABLE src")
    let writer = try await database.connected()
    let insert = Task { try await writer.query("SELECT ins()") }
    try await database.waiting(writer)
    try await cutover.script("ALTER TABLE src RENAME TO old; ALTER TABLE cp RENAME TO src")
    let old = QualifiedName("public", "old")
    if armed { for statement in followed.log.tripwire(on: [old]) { _ = try await cutover.query(statement) } }
    try await cutover.script("COMMIT")
    let outcome = await insert.result
    if armed {
      #expect(throws: PostgresError.self) { try outcome.get() }
      let error = await #expect(throws: PostgresError.self) { try await writer.query("TRUNCATE old") }
      #expect(error?.sqlState == "40001")
      try await database.script("BEGIN; SET LOCAL caisson.replay = 'on'; UPDATE old SET u = 5 WHERE id = 5; COMMIT")
      for statement in followed.log.dropTripwire(from: [old]) { try await database.sql(statement) }
      try await database.script("DELETE FROM old WHERE id = 5")
    }
    #expect(try await database.text("SELECT count(*) FROM old WHERE id = 99") == (armed ? "0" : "1"))
  }
}
