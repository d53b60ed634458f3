import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

private let tables = """
  CREATE TABLE t (id int PRIMARY KEY, n int, deleted bool);
  INSERT INTO t SELECT g, g % 10, false FROM generate_series(1, 1000) g;
  CREATE TABLE other (id int, n int);
  """

@Suite("probes decide from the catalog", .database(template: tables))
struct IndexProbeTests {
  private let spec = IndexSpec(table: .public("t"), name: "i", keys: [.init(column: "n")])

  private func creation(_ spec: IndexSpec? = nil) async throws -> String {
    try await state(IndexProbe.creation(of: resolved(spec ?? self.spec).definition))
  }

  private func removal() async throws -> String { try await state(IndexProbe.removal(of: resolved(spec).definition)) }

  @Test("something else under the name is a conflict", arguments: [
    "CREATE INDEX i ON t (id)", "CREATE INDEX i ON t (n DESC)", "CREATE INDEX i ON t (n) WHERE n > 5",
    "CREATE INDEX i ON other (n)", "CREATE TABLE i ()", "CREATE INDEX i ON t (n) INCLUDE (id)", "CREATE SEQUENCE i",
    "CREATE UNIQUE INDEX i ON t (n, id)", "CREATE INDEX i ON t USING hash (n)",
  ])
  func conflicts(statement: String) async throws {
    try await TestDatabase.current.sql(SQL(verbatim: statement))
    #expect(try await creation() == "conflict")
    #expect(try await removal() == "conflict")
  }

  @Test("a predicate over other columns is a conflict")
  func otherColumns() async throws {
    try await TestDatabase.current.sql("CREATE INDEX i ON t (n) WHERE NOT deleted")
    var wanted = spec
    wanted.predicate = "id > 5"
    #expect(try await creation(wanted) == "conflict")
    wanted.predicate = "NOT deleted"
    #expect(try await creation(wanted) == "complete")
  }

  @Test("a drop asks the other way round")
  func removals() async throws {
    #expect(try await removal() == "complete")
    try await TestDatabase.current.sql("CREATE INDEX i ON t (n)")
    #expect(try await removal() == "absent")
    try await TestDatabase.current.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass")
    #expect(try await removal() == "absent")
  }

  /// A build that fails over duplicates leaves an index that is ready and invalid.
  @Test("a failed unique build is partial until its cleanup ran")
  func readyInvalid() async throws {
    var wanted = spec
    wanted.isUnique = true
    let definition = try await resolved(wanted).definition
    let build = ConcurrentIndexBuild.build(definition, policy: BuildPolicy())
    await #expect(throws: PostgresError.self) { try await TestDatabase.current.sql(definition.createConcurrently) }
    let left = try #require(try await index("i"))
    #expect(!left.isValid)
    guard case .autocommit(let work) = build.work else { return }
    #expect(try await state(#require(work.probe)) == "partial")
    for statement in work.cleanup { try await TestDatabase.current.sql(statement) }
    #expect(try await state(#require(work.probe)) == "absent")
  }

  /// A writer on the table stops the build in its first phase: not ready, not valid.
  @Test("a build that waits for a writer is running, and partial once it was canceled")
  func notReadyInvalid() async throws {
    let database = TestDatabase.current
    let definition = try await resolved(spec).definition
    let writer = try await database.connect()
    _ = try await writer.script("BEGIN; UPDATE t SET n = n WHERE id = 1")
    let builder = try await database.connect()
    async let building: Void = {
      _ = try? await builder.query(definition.createConcurrently)
    }()
    try await waitUntil(database, "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE pid = \(builder.backendPID) AND phase LIKE 'waiting%')")
    #expect(try await state(IndexProbe.creation(of: definition)) == "running")
    try await ReadOnlyFacts.with(database) { facts in
      let table = try #require(try await facts.relation(.public("t")))
      #expect(try await facts.builds(on: table).map(\.pid) == [Int64(builder.backendPID)])
      #expect(try await facts.builds(on: #require(facts.relation(.public("other")))).isEmpty)
    }
    try await showsProgress(of: builder, definition, on: database)
    try await database.sql("SELECT pg_cancel_backend(\(builder.backendPID))")
    await building
    let left = try #require(try await index("i"))
    #expect(!left.isValid && !left.isReady)
    #expect(try await state(IndexProbe.creation(of: definition)) == "partial")
    await writer.close()
    await builder.close()
  }

  private func showsProgress(
    of builder: Connection, _ definition: IndexDefinition, on database: TestDatabase
  ) async throws {
    guard case .autocommit(let work) = ConcurrentIndexBuild.build(definition, policy: BuildPolicy()).work else { return }
    let text = try #require(work.progress).text.replacing("$pid", with: String(builder.backendPID))
    let row = try #require(try await database.sql(SQL(verbatim: text)).rows.first)
    #expect(row.columns == ["done", "total", "what"])
    #expect(try row.string("what").hasPrefix("waiting for writers before build: backend"))
    #expect(row["total"] == "1")
  }

  @Test("a statement that is still waiting for its table is running")
  func queued() async throws {
    let database = TestDatabase.current
    let definition = try await resolved(spec).definition
    let blocker = try await database.connect()
    _ = try await blocker.script("BEGIN; LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")
    let builder = try await database.connect()
    async let building: Void = { _ = try? await builder.query(definition.createConcurrently) }()
    try await waitUntil(
      database, "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = \(builder.backendPID) AND NOT granted)")
    #expect(try await state(IndexProbe.creation(of: definition)) == "running")
    await blocker.close()
    await building
    #expect(try await state(IndexProbe.creation(of: definition)) == "complete")
    await builder.close()
  }

  @Test("a failed REINDEX leaves a second index, and its cleanup removes it")
  func reindex() async throws {
    let database = TestDatabase.current
    try await database.sql("CREATE INDEX i ON t (n)")
    try await database.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass")
    let definition = try await resolved(spec).definition
    let rebuild = ConcurrentIndexBuild.rebuild(definition, id: "rebuild", policy: BuildPolicy())
    guard case .autocommit(let work) = rebuild.work else { return }
    let probe = try #require(work.probe)
    #expect(try await state(probe) == "absent")
    let reader = try await database.connect()
    _ = try await reader.script("BEGIN; UPDATE t SET n = n WHERE id = 1")
    let builder = try await database.connect()
    _ = try await builder.query("SET lock_timeout = '300ms'")
    await #expect(throws: PostgresError.self) { try await builder.query(work.statement) }
    await reader.close()
    #expect(try await state(probe) == "partial")
    for statement in work.cleanup { try await database.sql(statement) }
    #expect(try await state(probe) == "absent")
    _ = try await builder.query("RESET lock_timeout")
    _ = try await builder.query(work.statement)
    #expect(try await state(probe) == "complete")
    await builder.close()
  }

  private func waitUntil(_ database: TestDatabase, _ condition: SQL) async throws {
    while try await database.sql(condition).value != "t" { try await Task.sleep(for: .milliseconds(20)) }
  }
}
