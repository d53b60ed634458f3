import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

@Suite("key log: what it costs, and what it needs", .database) struct KeyLogPlanTests {
  private var database: TestDatabase { TestDatabase.current }

  private func followed() async throws -> Followed {
    let leaves = (0..<60).map { "CREATE TABLE cp_\($0) PARTITION OF cp FOR VALUES FROM (\($0 * 10)) TO (\($0 * 10 + 10));" }
    try await database.script(
      """
      CREATE TABLE src (id int PRIMARY KEY, p int NOT NULL, u int, pad text);
      INSERT INTO src SELECT g, g % 600, g FROM generate_series(1, 6000) g;
      CREATE TABLE cp (LIKE src) PARTITION BY RANGE (p); \(leaves.joined())
      """)
    return Followed.simple
  }

  private func plan(_ work: ChunkedWork, statement: Int = 0, cursor: String? = nil, on hand: ChunkHand) async throws -> [String] {
    try await hand.begin(work)
    let text = hand.bound(work.statements[statement], cursor, nil).text
    let rows = try await hand.connection.script("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) \(text)")
    try await hand.connection.script("ROLLBACK")
    return rows.last?.rows.compactMap { $0[0] } ?? []
  }

  @Test("a pass looks a key up in the one leaf that has it, with and without statistics", arguments: [false, true])
  func pruned(analysed: Bool) async throws {
    let followed = try await followed()
    let hand = try await ChunkHand.open(size: 2000)
    try await hand.run(followed.copy(try await followed.begin()))
    if analysed { try await database.script("ANALYZE") }
    try await database.script("UPDATE src SET u = 0 WHERE id = 4321")
    let lines = try await plan(followed.replay(), on: hand)
    let scans = lines.filter { $0.contains("Scan") && $0.contains(" on cp_") }
    #expect(scans.count { !$0.contains("never executed") } == 1)
    #expect(!scans.contains { $0.contains("Seq Scan") })
    #expect(!lines.contains { $0.contains("Seq Scan on src") && !$0.contains("never executed") })
  }

  @Test("before there is an index a pass reads the copy once, not once per key")
  func unindexed() async throws {
    let followed = try await followed()
    let hand = try await ChunkHand.open(size: 2000)
    try await hand.run(followed.copy(try await followed.begin(keyed: false), keyed: false))
    try await database.script("UPDATE src SET u = 0 WHERE id % 100 = 1")
    let lines = try await plan(followed.replay(indexed: false), on: hand)
    #expect(lines.contains { $0.contains("Hash Join") || $0.contains("Merge Join") })
    #expect(!lines.contains { $0.contains("Seq Scan on cp_") && !$0.contains("loops=1)") && !$0.contains("never") })
  }

  @Test("a comparison reads with as many of the server's processes as it has workers", arguments: [1, 2, 3])
  func sideBySide(workers: Int) async throws {
    let followed = try await followed()
    // Smaller tables are not worth a second process to the server (min_parallel_table_scan_size).
    try await database.script("INSERT INTO src SELECT g, g % 600, g, repeat('x', 200) FROM generate_series(6001, 60000) g")
    let hand = try await ChunkHand.open(size: 50_000)
    try await hand.run(followed.copy(try await followed.begin()))
    try await database.script("ANALYZE")
    let work = followed.log.verifyWork(.hash, target: .seconds(1), workers: workers)
    let range = #"{"after": ["0"], "upto": ["50000"], "range": 1, "differed": 0}"#
    let lines = try await plan(work, statement: work.statements.count - 1, cursor: range, on: hand)
    #expect(lines.contains { $0.contains("Workers Planned: \(workers - 1)") } == (workers > 1), "\(lines)")
    try await database.script("UPDATE src SET u = -1 WHERE id % 1000 = 7; DELETE FROM cp WHERE id = 59000")
    try await hand.run(work)
    #expect(try await followed.differences() == 0)
    #expect(try await database.text("SELECT recopied FROM caisson.fwd_state") == "1")
  }

  @Test("a role that owns both tables and may create in the journal's schema can do all of it")
  func role() async throws {
    let followed = try await followed()
    let role = "owner_of_\(database.name)"
    try await database.script(
      """
      CREATE ROLE \(role); CREATE SCHEMA caisson; GRANT USAGE, CREATE ON SCHEMA caisson TO \(role);
      GRANT USAGE, CREATE ON SCHEMA public TO \(role); ALTER TABLE src OWNER TO \(role); ALTER TABLE cp OWNER TO \(role);
      DO $$ DECLARE leaf regclass; BEGIN
        FOR leaf IN SELECT inhrelid FROM pg_inherits LOOP EXECUTE format('ALTER TABLE %s OWNER TO \(role)', leaf); END LOOP;
      END $$;
      """)
    #expect(followed.log.privileges.contains(Privilege(.create(schema: "caisson"))))
    let hand = try await ChunkHand.open(size: 2000, role: role)
    try await hand.connection.script("ALTER TABLE cp ADD PRIMARY KEY (id, p)")
    let statements = followed.log.create + followed.log.createTripwire + followed.log.capture(on: followed.log.source)
    for statement in statements { _ = try await hand.connection.query(statement) }
    let read = try await hand.connection.query(followed.log.captureFingerprint).value
    let fingerprint = try #require(read)
    try await hand.run(
      followed.log.copyWork(order: .primaryKey, fingerprint: fingerprint, keyed: true, target: .seconds(1), workers: 2))
    try await hand.connection.script("UPDATE src SET u = 0 WHERE id < 100; DELETE FROM src WHERE id > 5990")
    try await hand.run(followed.log.drainWork(below: 1, limited: true, target: .seconds(1)))
    try await hand.run(followed.verification())
    #expect(try await followed.differences() == 0)
    // Another's sessions show it little more than their snapshots; those it sees.
    let reader = try await database.connected("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
    try await hand.connection.script("UPDATE src SET u = 1 WHERE id = 1")
    try await hand.run(followed.replay())
    #expect(try await hand.connection.query(followed.log.oldReaders).rows.first?["ok"] == "f")
    await reader.close()
    let ending = followed.log.tripwire(on: [followed.log.source]) + followed.log.dropTripwire(from: [followed.log.source])
    for statement in ending + followed.log.dropCapture(from: followed.log.source) + followed.log.drop {
      _ = try await hand.connection.query(statement)
    }
    await hand.connection.close()
    try await database.script("DROP OWNED BY \(role); DROP ROLE \(role)")
  }
}
