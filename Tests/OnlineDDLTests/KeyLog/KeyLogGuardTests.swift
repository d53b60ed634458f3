import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

@Suite("key log: what must not change meanwhile", .database(template: Followed.tables)) struct KeyLogGuardTests {
  private let followed = Followed.simple
  private var database: TestDatabase { TestDatabase.current }

  private func refusal(_ work: ChunkedWork, _ slice: String? = nil) async throws -> PostgresError? {
    let hand = try await ChunkHand.open()
    do {
      try await hand.chunk(work, nil, slice)
      return nil
    } catch let error as PostgresError {
      return error
    }
  }

  @Test(
    "a chunk fails, saying what changed and what to do",
    arguments: [
      ("ALTER TABLE src DISABLE TRIGGER ALL; ALTER TABLE src ENABLE ALWAYS TRIGGER caisson_capture_row;"
        + "ALTER TABLE src ENABLE ALWAYS TRIGGER caisson_capture_truncate", "the triggers that note changes of public.src"),
      ("DROP TRIGGER caisson_capture_truncate ON src", "the triggers that note changes of public.src"),
      ("DROP TRIGGER caisson_capture_truncate ON src; DROP TRIGGER caisson_capture_row ON src",
       "the triggers that note changes of public.src"),
      ("ALTER TABLE src ADD late int", "the columns of public.src changed"),
      ("ALTER TABLE src ALTER u TYPE bigint", "the columns of public.src changed"),
      ("ALTER TABLE src RENAME TO elsewhere; CREATE TABLE src (LIKE elsewhere)", "public.src is another table"),
    ])
  func changed(script: String, words: String) async throws {
    let work = followed.copy(try await followed.begin())
    #expect(try await refusal(work) == nil)
    try await database.script(script)
    let error = try await refusal(work)
    #expect(error?.sqlState == "55000")
    #expect(try #require(error?.message).hasPrefix(words))
    #expect(try #require(error?.hint).contains("roll the step back and start it again"))
  }

  @Test("what does not touch rows or capture stops nobody")
  func harmless() async throws {
    let work = followed.copy(try await followed.begin())
    try await database.script(
      """
      CREATE INDEX ON src (u); ALTER TABLE src ALTER pad SET STATISTICS 500; CREATE VIEW v AS SELECT * FROM src;
      CREATE TRIGGER theirs BEFORE UPDATE ON src FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
      ALTER TABLE src DISABLE TRIGGER theirs;
      """)
    try await database.sql("VACUUM FULL src")
    #expect(try await refusal(work) == nil)
  }

  @Test("blocks of a table that was rewritten are not gone on with, those of an emptied one need not be")
  func rewritten() async throws {
    let work = followed.copy(try await followed.begin(), order: .blocks)
    let draw = try #require(work.slices)
    let slice = try await database.text(draw)
    #expect(try await refusal(work, slice) == nil)
    try await database.sql("VACUUM FULL src")
    let error = try await refusal(work, slice)
    #expect(error?.sqlState == "55000")
    #expect(try #require(error?.message).hasPrefix("public.src was rewritten"))
    try await database.script("TRUNCATE src; INSERT INTO src VALUES (1, 1, 1)")
    let hand = try await ChunkHand.open()
    #expect(try await hand.walk(work, slice: slice).isOver)
    try await hand.run(followed.replay())
    #expect(try await hand.walk(work, slice: slice).isOver)
    #expect(try await followed.differences() == 0)
  }

  @Test("a partitioned table has no blocks to copy, and that is said")
  func partitioned() async throws {
    let reverse = try await Reverse.make()
    let work = reverse.copy(try await reverse.fingerprint(), order: .blocks)
    let draw = try #require(work.slices)
    #expect(try await refusal(work, try await database.text(draw))?.sqlState == "55000")
  }

  @Test("a replica's session is captured too")
  func replica() async throws {
    let hand = try await ChunkHand.open()
    try await hand.run(followed.copy(try await followed.begin()))
    try await database.script("SET session_replication_role = replica; UPDATE src SET u = 0; DELETE FROM src WHERE id = 1; RESET session_replication_role")
    try await hand.run(followed.replay())
    #expect(try await followed.differences() == 0)
  }

  @Test("a writer needs no right on the log, and cannot reach it through a search_path or a trigger of its own")
  func writer() async throws {
    let role = "writer_of_\(database.name)"
    _ = try await followed.begin()
    try await database.script(
      """
      CREATE ROLE \(role); GRANT SELECT, INSERT, UPDATE, DELETE ON src TO \(role); GRANT CREATE ON SCHEMA public TO \(role);
      GRANT USAGE ON SCHEMA caisson TO \(role);
      """)
    let session = try await database.connected("SET ROLE \(role)")
    try await session.script(
      """
      CREATE TABLE public.fwd_log (k1 int, k2 int, marker boolean); SET search_path = public, caisson;
      INSERT INTO public.src VALUES (77, 7, 7); UPDATE public.src SET id = 78 WHERE id = 77;
      """)
    #expect(try await database.text("SELECT string_agg(k1::text, ' ' ORDER BY n) FROM caisson.fwd_log") == "77 77 78")
    for script in [
      "SELECT FROM caisson.fwd_log",
      "CREATE TRIGGER t BEFORE INSERT ON public.fwd_log FOR EACH ROW EXECUTE FUNCTION caisson.fwd_capture()",
    ] {
      let error = await #expect(throws: PostgresError.self) { try await session.script(script) }
      #expect(error?.sqlState == "42501")
    }
    await session.close()
    try await database.script("DROP OWNED BY \(role); DROP ROLE \(role)")
  }

  @Test("rows that no leaf would take are counted before")
  func strays() async throws {
    try await database.script(
      "CREATE TABLE loose (id int PRIMARY KEY, p int); INSERT INTO loose VALUES (1, NULL), (2, 1), (3, 9), (4, 10), (5, 11)")
    var log = followed.log
    log.source = QualifiedName("public", "loose")
    func found(_ query: SQL) async throws -> [String?] { try await database.sql(query).rows.first?.values ?? [] }
    #expect(try await found(log.strayRows(from: "2", upto: "10")) == ["1", "1", "2"])
    #expect(try await found(log.strayRows(from: nil, upto: "2")) == ["1", "0", "3"])
    #expect(try await found(log.strayRows(from: "100", upto: nil, most: 3)) == ["1", "3", "0"])
  }
}
