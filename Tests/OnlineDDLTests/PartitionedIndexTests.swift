import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

private let tables = """
  CREATE TABLE p (id int, day date NOT NULL, region text) PARTITION BY RANGE (day);
  CREATE TABLE p_jan PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE p_feb PARTITION OF p FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY LIST (region);
  CREATE TABLE p_feb_eu PARTITION OF p_feb FOR VALUES IN ('eu');
  CREATE TABLE p_feb_us PARTITION OF p_feb DEFAULT;
  CREATE TABLE p_rest PARTITION OF p DEFAULT;
  INSERT INTO p SELECT g, date '2026-01-01' + g % 90, CASE WHEN g % 2 = 0 THEN 'eu' END FROM generate_series(1, 500) g;
  """

@Suite("indexes of partitioned tables", .database(template: tables))
struct PartitionedIndexTests {
  private let spec = IndexSpec(
    table: .public("p"), name: "p_i", keys: [.init(column: "id")], predicate: "region IS NOT NULL")

  /// What a step would do now.
  private func operations() async throws -> [Operation] {
    let index = try await resolved(spec)
    return try await ReadOnlyFacts.with(.current) { facts in
      let tree = try await IndexTree.survey(index, existing: try await facts.index(index.name), facts)
      return PartitionedIndexBuild(tree).operations
    }
  }

  private func run(_ operations: [Operation]) async throws {
    let connection = try await TestDatabase.current.connect()
    try await DirectRun(connection).run(operations)
    await connection.close()
  }

  private func undo(_ operations: [Operation]) async throws {
    let connection = try await TestDatabase.current.connect()
    try await DirectRun(connection).undo(operations)
    await connection.close()
  }

  private func indexes() async throws -> [String] {
    try await TestDatabase.current.sql(
      """
      SELECT c.relname || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
        || coalesce(' in ' || (SELECT h.inhparent::regclass FROM pg_inherits h WHERE h.inhrelid = c.oid), '') AS line
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE c.relnamespace = 'public'::regnamespace ORDER BY c.relname
      """).rows.map { try $0.string("line") }
  }

  private let complete = [
    "p_feb_eu_id_idx in p_feb_id_idx", "p_feb_id_idx in p_i", "p_feb_us_id_idx in p_feb_id_idx", "p_i",
    "p_jan_id_idx in p_i", "p_rest_id_idx in p_i",
  ]

  @Test("every partition concurrently, sub-partitions and the default included")
  func builds() async throws {
    let operations = try await operations()
    #expect(operations.filter { $0.work.kind == "autocommit" }.count == 4)
    try await run(operations)
    #expect(try await indexes() == complete)
    #expect(try await self.operations().isEmpty)
    try await undo(operations)
    #expect(try await indexes().isEmpty)
  }

  @Test("interrupted anywhere, what is missing is done, or all of it undone", arguments: [1, 2, 3, 5, 8])
  func resumes(done: Int) async throws {
    let first = Array(try await operations().prefix(done + 1))
    try await run(first)
    let rest = try await operations()
    try await run(rest)
    #expect(try await indexes() == complete)
    try await TestDatabase.current.sql("DROP INDEX p_i")
    let again = Array(try await operations().prefix(done + 1))
    try await run(again)
    try await undo(again)
    #expect(try await indexes().isEmpty)
  }

  @Test("one invalid partition is rebuilt and attached again")
  func repairs() async throws {
    try await run(try await operations())
    try await TestDatabase.current.sql(
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('p_i'::regclass, 'p_jan_id_idx'::regclass)")
    let repair = try await operations()
    #expect(repair.map(\.id) == ["wait", "rebuild:public.p_jan_id_idx", "attach:public.p_jan_id_idx", "verify"])
    try await run(repair)
    #expect(try await indexes() == complete)
  }

  @Test("an invalid parent of valid partitions is attached to once more")
  func attachesAgain() async throws {
    try await run(try await operations())
    try await TestDatabase.current.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'p_i'::regclass")
    try await run(try await operations())
    #expect(try await indexes() == complete)
  }

  @Test("an equal index of a partition is taken as it is, and is there again after a rollback")
  func reuses() async throws {
    try await TestDatabase.current.script(
      """
      CREATE INDEX mine ON p_jan (id) WHERE region IS NOT NULL;
      COMMENT ON INDEX mine IS 'kept';
      CREATE INDEX not_mine ON p_rest (id);
      """)
    let before = try #require(try await index("mine"))
    let operations = try await operations()
    #expect(!operations.contains { $0.title.contains("build index public.mine") })
    try await run(operations)
    #expect(try await indexes().contains("mine in p_i"))
    #expect(try await indexes().contains("p_rest_id_idx in p_i"))
    try await undo(operations)
    #expect(try await indexes() == ["mine", "not_mine"])
    let after = try #require(try await index("mine"))
    #expect(after.definition == before.definition && after.comment == "kept")
  }

  @Test("an equal index of a sub-partitioned table is attached whole, and is there again after a rollback")
  func reusesTree() async throws {
    try await TestDatabase.current.sql("CREATE INDEX sub ON p_feb (id) WHERE region IS NOT NULL")
    let before = try await indexes()
    let operations = try await operations()
    #expect(operations.filter { $0.work.kind == "autocommit" }.count == 2)
    try await run(operations)
    #expect(try await indexes().contains("sub in p_i"))
    #expect(try await index("p_i")?.isValid == true)
    try await undo(operations)
    #expect(try await indexes() == before)
  }

  @Test("the repair of an index that was there is not rolled back")
  func repairStays() async throws {
    try await run(Array(try await operations().prefix(4)))
    let repair = try await operations()
    try await run(repair)
    try await undo(repair)
    #expect(try await indexes() == complete)
  }

  @Test("an invalid leftover of a partition is removed and built again")
  func leftover() async throws {
    try await TestDatabase.current.script(
      """
      CREATE INDEX p_jan_id_idx ON p_jan (id) WHERE region IS NOT NULL;
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'p_jan_id_idx'::regclass;
      """)
    let operations = try await operations()
    #expect(operations.contains { $0.id == "clear:public.p_jan_id_idx" })
    try await run(operations)
    #expect(try await indexes() == complete)
  }

  @Test("a partition added meanwhile leaves the parent invalid, which is said")
  func addedMeanwhile() async throws {
    let operations = try await operations()
    try await TestDatabase.current.script(
      "ALTER TABLE p DETACH PARTITION p_rest; CREATE TABLE p_mar PARTITION OF p FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')")
    await #expect(throws: (any Error).self) { try await self.run(operations.filter { !$0.id.contains("p_rest") }) }
    try await run(try await self.operations())
    #expect(try await index("p_i")?.isValid == true)
  }

  @Test("a dropped tree is built again as it was")
  func recreated() async throws {
    try await run(try await operations())
    try await TestDatabase.current.script(
      "COMMENT ON INDEX p_i IS 'parent'; COMMENT ON INDEX p_jan_id_idx IS 'child'; ALTER INDEX p_rest_id_idx RENAME TO odd")
    let definitions = try await definitions()
    let tree = try await ReadOnlyFacts.with(.current) { facts in
      try await IndexTree.recreating(try #require(try await facts.index(.public("p_i"))), facts)
    }
    try await run([PartitionedIndexDrop.operation(for: tree, id: "drop", undo: .nothing)])
    #expect(try await indexes().isEmpty)
    try await run(PartitionedIndexBuild(tree).operations)
    #expect(try await self.definitions() == definitions)
  }

  private func definitions() async throws -> [String] {
    try await TestDatabase.current.sql(
      """
      SELECT pg_get_indexdef(i.indexrelid) || coalesce(obj_description(i.indexrelid, 'pg_class'), '') || i.indisvalid AS d
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1
      """).rows.map { try $0.string("d") }
  }
}
