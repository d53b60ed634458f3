import BuiltinPlugins
import Engine
import PostgresClient
import SQLText
import TestSupport
import Testing

/// What a concurrent build may find on a live server: how it ends and what it says.
@Suite(.database(template: Counted.database)) struct IndexMeetsTests {
  static func step(
    _ more: String = "", name: String = "t_word", columns: String = "[word, id]", table: String = "t"
  ) -> String {
    let rest = more.isEmpty ? "" : ", " + more
    return "  index: { uses: index.create, with: { table: \(table), columns: \(columns), name: \(name)\(rest) } }"
  }

  private func harness(_ steps: String) throws -> EngineHarness { try EngineHarness(steps, registry: .builtin) }

  /// Valid and invalid indexes that are not those of the sample.
  private func indexes() async throws -> String {
    try await TestDatabase.current.sql(
      """
      SELECT coalesce(string_agg(
        c.relname || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END, ', ' ORDER BY c.relname), '')
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisprimary
      """).value ?? ""
  }

  /// An invalid index: a build that gave up waiting for a writer.
  static func leaveCorpse(_ create: String, of table: String) async throws {
    let database = TestDatabase.current
    let writer = try await database.stranger("BEGIN; LOCK TABLE \(table) IN ROW EXCLUSIVE MODE")
    let builder = try await database.stranger("SET lock_timeout = '50ms'")
    await #expect(throws: PostgresError.self) { _ = try await builder.query(SQL(verbatim: create)) }
    await builder.close()
    await writer.close()
  }

  private static func isOld(_ session: Connection) -> String {
    """
    SELECT xact_start < clock_timestamp() - interval '5 seconds' FROM pg_stat_activity
    WHERE pid = \(session.backendPID)
    """
  }

  private func findings(_ harness: EngineHarness) async throws -> [String: String] {
    let prepared = try await harness.runner().preview().preparation.steps.flatMap(\.findings)
    return Dictionary(prepared.map { ($0.code, $0.message) }, uniquingKeysWith: { first, _ in first })
  }

  @Test("an old snapshot elsewhere: it is named, waited for, and the build goes on when it ends")
  func oldSnapshot() async throws {
    let harness = try harness(Self.step())
    let reader = try await harness.database.stranger(
      "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM touched")
    try await harness.database.until(Self.isOld(reader))
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    #expect(await harness.events.says("\(reader.backendPID) (user postgres"))
    #expect(harness.events.text.contains("holds a snapshot"))
    #expect(try await indexes() == "")
    await reader.close()
    #expect(try await running.value.ending.isSuccess)
    #expect(try await indexes() == "t_word")
    #expect(try await harness.flaws() == [])
  }

  @Test("an old snapshot that stays: given up with its name, before anything is built; resume goes on")
  func oldSnapshotStays() async throws {
    let harness = try harness(Self.step("wait_for_old_snapshots: 1s"))
    let reader = try await harness.database.stranger(
      "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM touched")
    try await harness.database.until(Self.isOld(reader))
    let report = try await harness.runner().apply()
    let error = try #require(report.ending.errors.first, "\(report.ending)")
    #expect(error.message.contains("gave up after 1s"), "\(error)")
    #expect(error.hint?.contains("\(reader.backendPID) (user postgres") == true, "\(error.hint ?? "")")
    #expect(try await indexes() == "")
    await reader.close()
    #expect(try await harness.runner().resume().ending.isSuccess)
    #expect(try await indexes() == "t_word")
    #expect(try await harness.flaws() == [])
  }

  @Test("an open writer: the build waits, names it, and finishes when it ends")
  func openWriter() async throws {
    let harness = try harness(Self.step())
    let writer = try await harness.database.stranger("BEGIN; UPDATE t SET word = 'x' WHERE id = 7")
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    #expect(await harness.events.says("blocked(step: \"index\", by: [pid \(writer.backendPID) "))
    _ = try await writer.query("COMMIT")
    await writer.close()
    #expect(try await running.value.ending.isSuccess)
    #expect(try await indexes() == "t_word")
    #expect(try await harness.database.sql("SELECT count(*) FROM t WHERE word = 'x'").value == "1")
    #expect(try await harness.flaws() == [])
  }

  @Test("an invalid leftover, ours or a stranger's: said, removed, built", arguments: ["postgres", "stranger"])
  func leftover(owner: String) async throws {
    let database = TestDatabase.current
    if owner == "stranger" {
      try await database.script(
        """
        DO $$ BEGIN CREATE ROLE stranger; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
        ALTER TABLE t OWNER TO stranger
        """)
    }
    try await Self.leaveCorpse("CREATE INDEX CONCURRENTLY t_word ON t (word, id)", of: "t")
    #expect(try await indexes() == "t_word invalid")
    let harness = try harness(Self.step())
    let said = try await findings(harness)
    #expect(said["index.leftover"]?.contains("owner \(owner)") == true, "\(said)")
    #expect(try await harness.runner().apply().ending.isSuccess)
    #expect(try await indexes() == "t_word")
    #expect(try await harness.flaws() == [])
    if owner == "stranger" { try await database.script("ALTER TABLE t OWNER TO postgres") }
  }

  @Test(
    "another definition under the name: refused before anything is written",
    arguments: [
      "CREATE INDEX t_word ON t (n)", "CREATE UNIQUE INDEX t_word ON t (word, id)",
      "CREATE INDEX t_word ON touched (id)", "CREATE VIEW t_word AS SELECT 1",
    ])
  func otherDefinition(existing: String) async throws {
    try await TestDatabase.current.script(existing)
    let before = try await indexes()
    let harness = try harness(Self.step())
    let report = try await harness.runner().apply()
    guard case .refused(let refusals) = report.ending else { Issue.record("\(report.ending)"); return }
    #expect(refusals.map(\.finding.code) == ["index.conflict"])
    #expect(refusals.allSatisfy { !$0.finding.choices.isEmpty })
    #expect(try await indexes() == before)
    #expect(try await harness.database.sql("SELECT to_regnamespace('caisson') IS NULL").value == "t")
  }

  @Test("duplicates under a unique index: refused before anything is written, counted")
  func duplicates() async throws {
    try await TestDatabase.current.script("UPDATE t SET word = id::text; UPDATE t SET word = 'twice' WHERE id <= 3")
    let harness = try harness(Self.step("unique: true", columns: "[word]"))
    let report = try await harness.runner().apply()
    guard case .refused(let refusals) = report.ending else { Issue.record("\(report.ending)"); return }
    #expect(refusals.map(\.finding.code) == ["index.duplicates"])
    #expect(refusals.allSatisfy { !$0.finding.message.contains("twice") })
    #expect(try await indexes() == "")
  }

  @Test("duplicates that come in mid-build: a clean failure, no corpse; resume builds after the fix")
  func duplicatesMeanwhile() async throws {
    try await TestDatabase.current.script("UPDATE t SET word = id::text")
    let harness = try harness(Self.step("unique: true", columns: "[word]"))
    let writer = try await harness.database.stranger("BEGIN; UPDATE t SET word = '2' WHERE id = 1")
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    try await harness.database.until(Counted.isBuilding)
    _ = try await writer.query("COMMIT")
    await writer.close()
    let report = try await running.value
    #expect(report.ending.errors.first?.sqlState == "23505", "\(report.ending)")
    #expect(try await indexes() == "")
    #expect(try await harness.states() == ["index": "failed"])
    #expect(try await harness.flaws() == [])
    try await harness.database.script("UPDATE t SET word = '1' WHERE id = 1")
    #expect(try await harness.runner().resume().ending.isSuccess)
    #expect(try await indexes() == "t_word")
    #expect(try await harness.flaws() == [])
  }

  @Test("rollback drops the index it made and leaves the one that was there", arguments: [false, true])
  func rollback(wasThere: Bool) async throws {
    if wasThere { try await TestDatabase.current.script("CREATE INDEX t_word ON t (word, id)") }
    let harness = try harness(Self.step())
    #expect(try await harness.runner().apply().ending.isSuccess)
    #expect(try await indexes() == "t_word")
    let undone = try await harness.runner().rollback()
    guard case .rolledBack = undone.ending else { Issue.record("\(undone.ending)"); return }
    #expect(try await indexes() == (wasThere ? "t_word" : ""))
    #expect(try await harness.flaws() == [])
  }
}

private let partitioned = """
  CREATE TABLE p (id int NOT NULL, region int NOT NULL) PARTITION BY LIST (region);
  CREATE TABLE p_0 PARTITION OF p FOR VALUES IN (0);
  CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1);
  CREATE TABLE p_rest PARTITION OF p DEFAULT;
  INSERT INTO p SELECT g, g % 3 FROM generate_series(1, 3000) g;
  """

@Suite(.database(template: partitioned)) struct PartitionedIndexMeetsTests {
  private let step = IndexMeetsTests.step(name: "p_id", columns: "[id]", table: "p")

  private func indexes() async throws -> String {
    try await TestDatabase.current.sql(
      """
      SELECT coalesce(string_agg(c.relname || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
        || CASE WHEN h.inhrelid IS NULL THEN '' ELSE ' attached' END, ', ' ORDER BY c.relname), '')
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
      WHERE c.relnamespace = 'public'::regnamespace
      """).value ?? ""
  }

  @Test("a partitioned parent with one invalid leaf: said, only that one is built, the parent turns valid")
  func invalidLeaf() async throws {
    let database = TestDatabase.current
    try await database.script(
      """
      CREATE INDEX p_id ON ONLY p (id);
      CREATE INDEX p_0_id_idx ON p_0 (id); ALTER INDEX p_id ATTACH PARTITION p_0_id_idx;
      CREATE INDEX p_1_id_idx ON p_1 (id); ALTER INDEX p_id ATTACH PARTITION p_1_id_idx;
      """)
    try await IndexMeetsTests.leaveCorpse("CREATE INDEX CONCURRENTLY p_rest_id_idx ON p_rest (id)", of: "p_rest")
    let kept = try await database.sql("SELECT 'p_0_id_idx'::regclass::oid").value
    let harness = try EngineHarness(step, registry: .builtin)
    let prepared = try await harness.runner().preview().preparation.steps.flatMap(\.findings)
    #expect(prepared.contains { $0.code == "index.repair" }, "\(prepared)")
    let report = try await harness.runner().apply()
    #expect(report.ending.isSuccess, "\(report.ending)")
    #expect(try await indexes() == "p_0_id_idx attached, p_1_id_idx attached, p_id, p_rest_id_idx attached")
    #expect(try await database.sql("SELECT 'p_0_id_idx'::regclass::oid").value == kept)
    #expect(try await harness.flaws() == [])
  }

  @Test("an invalid index that is attached: rebuilt in place, the parent turns valid")
  func attachedInvalid() async throws {
    let database = TestDatabase.current
    try await database.script(
      """
      CREATE INDEX p_id ON ONLY p (id);
      CREATE INDEX p_0_id_idx ON p_0 (id); ALTER INDEX p_id ATTACH PARTITION p_0_id_idx
      """)
    try await IndexMeetsTests.leaveCorpse("CREATE INDEX CONCURRENTLY p_1_id_idx ON p_1 (id)", of: "p_1")
    try await database.script("ALTER INDEX p_id ATTACH PARTITION p_1_id_idx")
    let harness = try EngineHarness(step, registry: .builtin)
    let report = try await harness.runner().apply()
    #expect(report.ending.isSuccess, "\(report.ending)")
    #expect(try await !indexes().contains("invalid"))
    #expect(try await harness.flaws() == [])
  }

  @Test("rollback drops parent and leaves that it made")
  func rollback() async throws {
    let harness = try EngineHarness(step, registry: .builtin)
    #expect(try await harness.runner().apply().ending.isSuccess)
    #expect(try await !indexes().isEmpty)
    let undone = try await harness.runner().rollback()
    guard case .rolledBack = undone.ending else { Issue.record("\(undone.ending)"); return }
    #expect(try await indexes() == "")
    #expect(try await harness.flaws() == [])
  }
}
