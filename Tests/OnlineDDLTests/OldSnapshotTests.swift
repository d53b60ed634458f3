import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

private let tables = """
  CREATE TABLE t (id int, n int);
  CREATE TABLE elsewhere (id int);
  """

@Suite("who a concurrent build would wait for", .database(template: tables))
struct OldSnapshotTests {
  private func blockers() async throws -> (isFree: Bool, why: String?) {
    let query = OldSnapshots.blockers(of: .public("t"), olderThan: .zero)
    let row = try #require(try await TestDatabase.current.sql(query).rows.first)
    return (try row.bool("ok"), row["why"])
  }

  private func blocked(by script: String) async throws -> String? {
    let session = try await TestDatabase.current.connect()
    _ = try await session.script(script)
    let (isFree, why) = try await blockers()
    await session.close()
    #expect(isFree == (why == nil))
    if let why { #expect(why.contains("\(session.backendPID) (user ")) }
    return why
  }

  @Test("nobody")
  func nobody() async throws {
    #expect(try await blockers().isFree)
  }

  @Test("a snapshot of an unrelated table")
  func snapshot() async throws {
    let why = try await blocked(by: "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM elsewhere")
    #expect(try #require(why).contains("idle in transaction) holds a snapshot for"))
  }

  @Test("a writer of the table, without a snapshot")
  func writer() async throws {
    let why = try await blocked(by: "BEGIN; INSERT INTO t VALUES (1)")
    #expect(try #require(why).contains("has written to the table"))
  }

  @Test("not a transaction that has no snapshot and wrote elsewhere")
  func harmless() async throws {
    #expect(try await blocked(by: "BEGIN; INSERT INTO elsewhere VALUES (1)") == nil)
  }

  @Test("a prepared transaction that wrote to the table")
  func prepared() async throws {
    let database = TestDatabase.current
    try await database.script("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'gid of \(database.name)'")
    let why = try #require(try await blockers().why)
    #expect(why.contains("prepared transaction 'gid of \(database.name)'"))
    try await database.sql("ROLLBACK PREPARED \(literal: "gid of \(database.name)")")
    #expect(try await blockers().isFree)
  }

  @Test("not sessions of another database")
  func otherDatabase() async throws {
    let elsewhere = try await TestDatabase.current.cluster.connect(database: "postgres")
    _ = try await elsewhere.script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    #expect(try await blockers().isFree)
    await elsewhere.close()
  }

  @Test("a transaction that has only just begun is left to the build")
  func patience() async throws {
    let session = try await TestDatabase.current.connect()
    _ = try await session.script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    let query = OldSnapshots.blockers(of: .public("t"), olderThan: .hours(1))
    #expect(try await TestDatabase.current.sql(query).rows.first?["ok"] == "t")
    await session.close()
  }
}
