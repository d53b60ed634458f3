import Catalog
import JSONText
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing
import YAMLTree

@testable import PlainSQL

@Suite("data.batch on a server", .database(template: fleet))
struct DataBatchRunTests {
  private func program(_ yaml: String, on connection: Connection) async throws -> Program {
    let program = try await LiveFacts(connection: connection).compile(DataBatch.self, yaml)
    #expect(program.refusals.isEmpty, "\(program.refusals)")
    return program
  }

  private func chunks(_ program: Program) throws -> ChunkedWork {
    for case .chunked(let work) in program.operations.map(\.work) { return work }
    throw CancellationError()
  }

  private func text(_ query: SQL) async throws -> String? { try await TestDatabase.current.sql(query).value }

  @Test(
    "each matching row is changed once, across keys of any type",
    arguments: [
      (
        "text", "text COLLATE \"und-x-icu\"",
        "CASE g % 4 WHEN 0 THEN 'ä' WHEN 1 THEN 'A''' WHEN 2 THEN '\"x\",' ELSE '(' END || g"
      ),
      ("uuid", "uuid", "gen_random_uuid()"), ("timestamptz", "timestamptz", "now() + g * interval '1.000001 s'"),
      ("numeric", "numeric", "g / 7.0"), ("double", "float8", "g / 7.0"),
      ("bytea", "bytea", "decode(md5(g::text), 'hex')"),
      ("char", "char(8)", "'c' || g"), ("interval", "interval", "g * interval '1 day 1 s'"),
      ("inet", "inet", "'10.0.0.0'::inet + g"),
      ("bool and int", "boolean NOT NULL, k2 int", "g % 2 = 0, g"),
      ("enum", "mood NOT NULL, k2 text", "(ARRAY['b','a','c'])[1 + g % 3]::mood, g::text"),
    ])
  func keys(name: String, type: String, value: String) async throws {
    let database = TestDatabase.current
    if type.contains("-x-icu"), try await text("SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'") == "0" {
      try Test.cancel("a server without ICU")
    }
    let composite = type.contains(", k2")
    try await database.script(
      """
      CREATE TYPE mood AS ENUM ('b', 'a', 'c');
      CREATE TABLE "Odd ""one" (k1 \(type), v int NOT NULL, n int NOT NULL DEFAULT 0, PRIMARY KEY (k1\(composite ? ", k2" : "")));
      INSERT INTO "Odd ""one" SELECT \(value), g % 2 FROM generate_series(1, 100) g;
      """)
    let connection = try await database.connect()
    let yaml = "table: '\"Odd \"\"one\"'\nset: {n: n + 1, v: 2}\nwhere: v = 1"
    let program = try await program(yaml, on: connection)
    var hand = Hand(connection: connection)
    for size in [13, 100, 1000] {
      _ = try await connection.query("UPDATE \"Odd \"\"one\" SET v = 1 WHERE v = 2")
      hand.size = size
      try await hand.run(program.operations)
    }
    #expect(
      try await text("SELECT string_agg(DISTINCT v || ':' || n, ' ' ORDER BY v || ':' || n) FROM \"Odd \"\"one\"")
        == "0:0 2:3")
  }

  @Test("slices together change each row once")
  func slices() async throws {
    let connection = try await TestDatabase.current.connect()
    let program = try await program(
      "table: vehicles\nset: {km: km + 1}\nwhere: 'true'\nworkers: 3\nverify: none", on: connection)
    let hand = Hand(connection: connection)
    let slices = try await hand.chunks.slices(try chunks(program))
    #expect(slices.count == 12)
    try await hand.run(program.operations)
    #expect(try await text("SELECT count(*) FROM vehicles WHERE km % 10 = 1") == "200")
    #expect(try await text("SELECT sum(changed) FROM vehicles") == "200")
  }

  @Test("an empty table is done at once, sliced or not", arguments: [1, 2])
  func empty(workers: Int) async throws {
    let connection = try await TestDatabase.current.connect()
    let program = try await program("table: archive\ndelete: true\nwhere: 'true'\nworkers: \(workers)", on: connection)
    try await Hand(connection: connection).run(program.operations)
  }

  @Test("killed halfway and among concurrent writers, what is left is done and nothing is done twice")
  func interrupted() async throws {
    let database = TestDatabase.current
    let connection = try await database.connect()
    let program = try await program("table: vehicles\nset: {km: km + 1000000}\nwhere: km < 1000000", on: connection)
    let work = try chunks(program)
    let first = try await ChunkHand(connection: connection, size: 9).walk(work, atMost: 5)
    #expect(first.rows == 45)
    // A chunk that dies before its COMMIT leaves the cursor where it was.
    _ = try await connection.query("BEGIN")
    _ = try await connection.query(ChunkHand(connection: connection, size: 9).bound(work.statements[0], first.cursor, nil))
    await connection.close()
    // Rows before and behind the cursor change, go and come.
    try await database.script(
      """
      UPDATE vehicles SET notes = 'seen' WHERE id IN (3, 150);
      DELETE FROM vehicles WHERE id IN (4, 151);
      INSERT INTO vehicles (id, organization_id, plate, km) VALUES (1000, 1, 'new', 5);
      """)
    let again = try await database.connect()
    let rest = try await ChunkHand(connection: again, size: 9).walk(work, from: first.cursor)
    #expect(rest.isOver)
    #expect(rest.rows == 45 * 0 + 200 - 45 - 1 + 1)
    #expect(try await text("SELECT count(*) FROM vehicles WHERE km NOT BETWEEN 1000000 AND 1999999") == "0")
    #expect(try await text("SELECT count(*) FROM vehicles WHERE notes = 'seen'") == "2")
  }

  @Test("a row that another transaction changes while the chunk waits for it is judged as it then is")
  func contended() async throws {
    let database = TestDatabase.current
    let connection = try await database.connect()
    let other = try await database.connect()
    let program = try await program(
      "table: vehicles\nset: {km: km + 1}\nwhere: status = 'active'\nverify: none", on: connection)
    _ = try await other.script(
      "BEGIN; UPDATE vehicles SET status = 'sold' WHERE id = 5; UPDATE vehicles SET km = 7000 WHERE id = 6")
    let work = try chunks(program)
    async let walked = ChunkHand(connection: connection, size: 500).walk(work)
    try await waitForLock(by: connection)
    _ = try await other.script("COMMIT")
    #expect(try await walked.rows == 199)
    #expect(
      try await text("SELECT string_agg(km::text, ' ' ORDER BY id) FROM vehicles WHERE id IN (5, 6)") == "50 7001")
  }

  private func waitForLock(by connection: Connection) async throws {
    let pid = Int(connection.backendPID)
    try await TestDatabase.current.until("SELECT cardinality(pg_blocking_pids(\(pid)::int)) > 0")
  }

  @Test("rollback of an update restores old values, and leaves what was changed since")
  func undoUpdate() async throws {
    let connection = try await TestDatabase.current.connect()
    let program = try await program(
      "table: vehicles\nset: {notes: \"'x'\", km: NULL}\nwhere: notes IS NULL\nkeep_undo: true", on: connection)
    let before = try await text("SELECT jsonb_agg(to_jsonb(v) - 'changed' ORDER BY id) FROM vehicles v")
    let hand = Hand(connection: connection)
    try await hand.run(program.operations)
    #expect(try await text("SELECT count(*) FROM caisson.undo_r1_step") == "134")
    #expect(try await text("SELECT count(*) FROM vehicles WHERE notes = 'x' AND km IS NULL") == "134")
    try await hand.undo(program.operations)
    #expect(try await text("SELECT jsonb_agg(to_jsonb(v) - 'changed' ORDER BY id) FROM vehicles v") == before)
    #expect(try await text("SELECT to_regclass('caisson.undo_r1_step') IS NULL") == "t")

    try await hand.run(program.operations)
    _ = try await connection.query("UPDATE vehicles SET notes = 'later' WHERE id = 1")
    try await hand.undo(program.operations)
    #expect(try await text("SELECT notes FROM vehicles WHERE id = 1") == "later")
    #expect(try await text("SELECT count(*) FROM vehicles WHERE notes = 'x'") == "0")
  }

  @Test(
    "rollback of a delete brings the rows back with their identities, half of them deleted or all",
    arguments: [12, 1000])
  func undoDelete(chunks: Int) async throws {
    let connection = try await TestDatabase.current.connect()
    _ = try await connection.script(
      """
      ALTER TABLE vehicles ALTER id SET GENERATED ALWAYS; DROP TABLE trips; ALTER TABLE vehicles DROP COLUMN status CASCADE
      """)
    let program = try await program("table: vehicles\ndelete: true\nwhere: km > 500\nkeep_undo: true", on: connection)
    let before = try await text("SELECT jsonb_agg(v ORDER BY id) FROM vehicles v")
    let hand = Hand(connection: connection)
    try await hand.run(program.operations[0])
    try await hand.chunks.walk(try self.chunks(program), atMost: chunks)
    #expect(try await text("SELECT count(*) < 200 FROM vehicles") == "t")
    try await hand.undo(program.operations)
    #expect(try await text("SELECT jsonb_agg(v ORDER BY id) FROM vehicles v") == before)
  }

  @Test("rollback of a copy deletes what the step inserted, and nothing that was there")
  func undoInsert() async throws {
    let connection = try await TestDatabase.current.connect()
    _ = try await connection.query("INSERT INTO archive VALUES (3, 'mine')")
    let program = try await program(
      "table: vehicles\ninsert_into: {table: archive, columns: {id: id, plate: plate, kind: \"'{}'\"}}\nconflict: nothing\nkeep_undo: true",
      on: connection)
    let hand = Hand(connection: connection)
    try await hand.run(program.operations)
    #expect(try await text("SELECT count(*) || min(plate) FROM archive WHERE kind IS NULL OR kind = '{}'") == "200P1")
    try await hand.undo(program.operations)
    #expect(try await text("SELECT string_agg(id || plate, ',') FROM archive") == "3mine")
  }

  @Test("rows that are there are updated when the step says so")
  func upsert() async throws {
    let connection = try await TestDatabase.current.connect()
    _ = try await connection.query("INSERT INTO plates VALUES (1, 'P1', 9)")
    let program = try await program(
      "table: vehicles\ninsert_into: {table: plates, columns: {organization_id: organization_id, plate: plate, seen: '2'}, key: [organization_id, plate]}\nconflict: update",
      on: connection)
    try await Hand(connection: connection).run(program.operations)
    #expect(try await text("SELECT count(*) || ' ' || sum(seen) FROM plates") == "200 400")
  }

  @Test("on a large table a chunk reads its own range, not the table")
  func plans() async throws {
    let database = TestDatabase.current
    try await database.script(
      """
      CREATE TABLE big (id bigint PRIMARY KEY, v int); INSERT INTO big SELECT g, 0 FROM generate_series(1, 400000) g; ANALYZE big
      """)
    let connection = try await database.connect()
    let program = try await program("table: big\nset: {v: 1}\nwhere: v = 0", on: connection)
    let work = try chunks(program)
    let statement = ChunkHand(connection: connection, size: 1000).bound(work.statements[0], "[\"50000\"]", nil)
    let plan = try await connection.query("EXPLAIN \(sql: statement)").rows.compactMap { $0[0] }.joined(separator: "\n")
    #expect(!plan.contains("Seq Scan on big"), "\(plan)")
    #expect(plan.contains("Index Cond: (id >"), "\(plan)")
    let total = try await connection.query(try #require(work.total)).value.flatMap(Int.init) ?? 0
    #expect((320_000...480_000).contains(total))
  }
}
