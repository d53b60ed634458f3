import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database(template: "CREATE TABLE t (id int PRIMARY KEY, body text)"))
struct PipelineTests {
  @Test("every statement has its result, prepared or not", arguments: [false, true])
  func results(prepare: Bool) async throws {
    let connection = try await TestDatabase.current.connect()
    for round in 1...4 {
      let outcomes = try await connection.pipeline(
        (1...3).map { [begin, "INSERT INTO t VALUES (\(round * 10 + $0)::int, 'x') RETURNING id", commit] }, prepare: prepare)
      let ids = try outcomes.map { try $0.get()[1].value }
      #expect(ids == (1...3).map { "\(round * 10 + $0)" })
    }
    #expect(try await connection.query("SELECT count(*) FROM t").value == "12")
    let names = try await connection.query("SELECT count(*) FROM pg_prepared_statements").value
    #expect(names == (prepare ? "3" : "0"))
  }

  @Test("an error ends its own batch only", arguments: [false, true])
  func middle(prepare: Bool) async throws {
    let connection = try await TestDatabase.current.connect()
    for round in 0..<3 {
      let outcomes = try await connection.pipeline(
        [
          [begin, insert(round * 2 + 1), commit],
          [begin, insert(100 + round), "SELECT 1 / 0", insert(200 + round), commit],
          [begin, insert(round * 2 + 2), commit],
        ], prepare: prepare)
      #expect(try outcomes[0].get().count == 3)
      guard case .failed(let error, let place, let completed) = outcomes[1] else {
        Issue.record("the batch should have failed")
        return
      }
      #expect(error.sqlState == "22012" && error.kind == .server && place == 2 && completed.count == 2)
      #expect(try outcomes[2].get()[2].tag == "COMMIT")
      #expect(await !connection.inTransaction)
    }
    #expect(try await connection.query("SELECT string_agg(id::text, ',' ORDER BY id) FROM t").value == "1,2,3,4,5,6")
  }

  @Test("an error in the last batch leaves no transaction behind")
  func last() async throws {
    let connection = try await TestDatabase.current.connect()
    let outcomes = try await connection.pipeline([[begin, "SELECT 1 / 0", commit]])
    #expect(outcomes[0].error?.sqlState == "22012")
    #expect(await !connection.inTransaction)
    #expect(try await connection.query("SELECT 1").value == "1")
  }

  @Test("a transaction may be carried from one pipeline into the next")
  func carried() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.batch([begin, insert(1)])
    #expect(await connection.inTransaction)
    try await connection.batch([commit, begin, insert(2)])
    #expect(await connection.rollback())
    #expect(try await connection.query("SELECT count(*) FROM t").value == "1")
  }

  @Test("a commit that fails is its batch's error: a deferred constraint")
  func failedCommit() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.query("CREATE TABLE r (id int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
    let outcomes = try await connection.pipeline([[begin, "INSERT INTO r VALUES (9)", commit], [begin, insert(1), commit]])
    #expect(outcomes[0].error?.sqlState == "23503")
    #expect(outcomes[0].error?.kind == .server)
    #expect(outcomes[1].error == nil)
    let implicit = try await connection.pipeline([["INSERT INTO r VALUES (9)", insert(2)]])
    #expect(implicit[0].error?.sqlState == "23503", "at the Sync of a batch without BEGIN")
    #expect(try await connection.query("SELECT count(*) FROM t").value == "1")
  }

  @Test("megabytes in both directions do not block", .ownTime(.minutes(8)))
  func volume() async throws {
    let connection = try await TestDatabase.current.connect()
    let body = String(repeating: "b", count: 400_000)
    let outcomes = try await connection.pipeline(
      (1...20).map { [begin, "INSERT INTO t VALUES (\($0)::int, \(body)) RETURNING body, repeat(body, 3)", commit] })
    #expect(outcomes.allSatisfy { $0.error == nil })
    #expect(try outcomes[19].get()[1].rows[0][1]?.utf8.count == 1_200_000)
    let many = try await connection.pipeline((0..<3000).map { [SQL(verbatim: "SELECT \($0)")] }, prepare: true)
    #expect(try many.last?.get()[0].value == "2999")
  }

  @Test("the rollbacks between batches raise no notice, others pass")
  func quiet() async throws {
    let seen = Seen()
    let connection = try await TestDatabase.current.connect(ConnectionSettings(onNotice: { seen.add($0) }))
    _ = try await connection.pipeline([[begin, commit], [begin, "DO $$ BEGIN RAISE NOTICE 'hello'; END $$", commit], [begin, commit]])
    #expect(seen.all.map(\.message) == ["hello"])
  }

  @Test("a connection lost in mid-pipeline is unknown only where a COMMIT may have run", arguments: [1, 10])
  func lost(rounds: Int) async throws {
    // What is still being sent when the server goes.
    let rest = (0..<rounds * 10).map { [begin, "INSERT INTO t VALUES (\($0 + 100)::int, \(String(repeating: "b", count: 5_000)))", commit] }
    for round in 0..<rounds {
      let connection = try await TestDatabase.current.connect()
      let outcomes = try await connection.pipeline([
        [begin, insert(round), commit],
        [begin, insert(99), "SELECT pg_terminate_backend(pg_backend_pid())", commit],
      ] + rest)
      #expect(try outcomes[0].get()[2].tag == "COMMIT")
      #expect(outcomes[1].error?.kind == .connection, "the server's last word came before COMMIT")
      #expect(outcomes[2...].allSatisfy { $0.error?.kind == .connection })
      #expect(await !connection.isOpen)
    }
    #expect(try await TestDatabase.current.sql("SELECT count(*) FROM t").value == "\(rounds)")
  }

  @Test("what the server said when it ended an idle connection is the error, and nothing is unknown")
  func idle() async throws {
    let database = TestDatabase.current, connection = try await database.connect()
    try await database.sql("SELECT pg_terminate_backend(\(Int(connection.backendPID)), 10000)")
    let outcomes = try await connection.pipeline([[begin, insert(1), commit], [begin, insert(2), commit]])
    #expect(outcomes[0].error?.kind == .connection && outcomes[0].error?.sqlState == "57P01")
    #expect(outcomes[1].error?.kind == .connection)
    #expect(try await database.sql("SELECT count(*) FROM t").value == "0")
  }

  @Test("a COMMIT that dies is unknown")
  func lostCommit() async throws {
    let database = TestDatabase.current
    try await database.script(dyingCommit)
    let connection = try await database.connect()
    let outcomes = try await connection.pipeline([[begin, "INSERT INTO dying VALUES (1)", commit], [begin, insert(1), commit]])
    #expect(outcomes[0].error?.kind == .commitUnknown)
    #expect(outcomes[1].error?.kind == .connection)
  }

  @Test("DDL and statements without a transaction run too, one by one")
  func autocommit() async throws {
    let connection = try await TestDatabase.current.connect()
    let outcomes = try await connection.pipeline([["CREATE INDEX CONCURRENTLY i ON t (body)"], ["VACUUM t"], []])
    #expect(outcomes.allSatisfy { $0.error == nil })
  }
}

let begin: SQL = "BEGIN"
let commit: SQL = "COMMIT"
func insert(_ id: Int) -> SQL { "INSERT INTO t VALUES (\(id)::int, 'x')" }

/// COMMIT of an insert into `dying` terminates its own backend.
let dyingCommit = """
  CREATE TABLE dying (id int);
  CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER die AFTER INSERT ON dying DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION die();
  """
