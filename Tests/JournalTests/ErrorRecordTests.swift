import JSONText
import Journal
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database) struct ErrorRecordTests {
  @Test("what the journal keeps of an error holds no row value", arguments: [
    "INSERT INTO t VALUES (1, 'secret-4711')", "INSERT INTO t VALUES (2, NULL)", "SELECT 'secret-4711'::integer",
    "INSERT INTO t VALUES (3, 'secret-4711-and-much-longer')", "INSERT INTO u VALUES (99)",
    "DO $$ BEGIN RAISE EXCEPTION 'no mail for bob@secret-4711 or \"secret-4711\"'; END $$",
    "SELECT 'a\"b secret-4711 \"'::integer",
  ])
  func redacted(_ statement: String) async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.script(
      """
      CREATE TABLE t (a int PRIMARY KEY, b varchar(12) NOT NULL UNIQUE);
      CREATE TABLE u (a int REFERENCES t);
      INSERT INTO t VALUES (7, 'secret-4711');
      """)
    do {
      try await connection.script(statement)
      Issue.record("no error")
    } catch {
      let record = ErrorRecord(error, operation: "op")
      #expect(record.sqlState == error.sqlState)
      #expect(!record.message.contains("secret-4711"))
      #expect(record.json["detail"] == nil)
    }
  }

  @Test("names of constraints and tables stay readable")
  func names() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.script("CREATE TABLE t (a int PRIMARY KEY)")
    for expected in ["duplicate key value violates unique constraint \"t_pkey\""] {
      let error = await #expect(throws: PostgresError.self) {
        try await connection.query("INSERT INTO t VALUES (1), (1)")
      }
      let record = ErrorRecord(try #require(error))
      #expect(record.message == expected)
      #expect(record.json["constraint"] == "t_pkey" && record.json["relation"] == "public.t")
      #expect(record.json["statement"] == "INSERT INTO t VALUES (1), (1)")
    }
    let missing = await #expect(throws: PostgresError.self) { try await connection.query("SELECT * FROM \"no such\"") }
    #expect(ErrorRecord(try #require(missing)).message == "relation \"no such\" does not exist")
  }
}
