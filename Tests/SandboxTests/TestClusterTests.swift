import ChildProcess
import Glibc
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite struct TestClusterTests {
  @Test("each test case has a database of its own", .database, .ownTime(.minutes(8)), arguments: 1...4)
  func isolated(number: Int) async throws {
    let database = TestDatabase.current
    try await database.sql("CREATE TABLE only_mine (id int)")
    #expect(try await database.sql("SELECT current_database()").value == database.name)
  }

  @Test("a template's tables are there", .database(template: "CREATE TABLE t AS SELECT 1 AS id"), .ownTime(.minutes(8)))
  func template() async throws {
    #expect(try await TestDatabase.current.sql("SELECT count(*) FROM t").value == "1")
  }

  @Test("logged statements are found again, whole and per database", .database, .ownTime(.minutes(8)))
  func log() async throws {
    let database = TestDatabase.current
    try await database.logStatements()
    let connection = try await database.connect()
    try await connection.query("SELECT \("secret")::text,\n  2")
    try await connection.script("CREATE TABLE t ()")
    let statements = database.loggedStatements()
    #expect(statements.contains("SELECT $1::text,\n  2"))
    #expect(statements.contains("CREATE TABLE t ()"))
  }

  @Test("a cluster survives its crash", .ownTime(.minutes(8)))
  func crash() async throws {
    let cluster = try await TestCluster.start(TestCluster.Options(settings: ["max_connections": "17"], fsync: true))
    try await cluster.sql("CREATE TABLE kept AS SELECT 1 AS id")
    let connection = try await cluster.connect()
    try await cluster.crash()
    #expect(!cluster.isRunning)
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
    #expect(error?.kind == .connection)
    try await cluster.start()
    #expect(try await cluster.sql("SELECT count(*) FROM kept").value == "1")
    #expect(try await cluster.sql("SHOW max_connections").value == "17")
    try await cluster.stop()
  }

  @Test("a cluster does not outlive the process that started it", .ownTime(.minutes(8)))
  func watchdog() async throws {
    let report = try TemporaryFolder.make() + "/folder"
    await #expect(processExitsWith: .signal(SIGKILL)) { [report = report as String] in
      let cluster = try await TestCluster.start()
      let file = try #require(fopen(report, "w"))
      fputs(cluster.folder, file)
      fclose(file)
      kill(getpid(), SIGKILL)
    }
    let folder = try await Command(["cat", report]).run().text
    try #require(folder.contains("caisson-pg"))
    while access(folder, F_OK) == 0 { try await Task.sleep(for: .milliseconds(20)) }
    _ = try await Command(["rm", "-rf", String(report.dropLast(7))]).run()
  }
}
