import Glibc
import JSONText
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database(template: Sample.slowTable(rows: 300))) struct SecrecyTests {
  private static let secret = "s3cret-Zugspitze-2962"

  @Test("a password from ${env:} or ${file:} is nowhere to be found afterwards", arguments: [
    "${env:WORD}", "${file:word.txt}",
  ])
  func nowhere(reference: String) async throws {
    let database = TestDatabase.current
    let role = "keeper_\(database.name)"
    try await database.sql("CREATE ROLE \(id: role) LOGIN SUPERUSER PASSWORD \(literal: Self.secret)")
    let project = try Project(
      Sample.batch + "\n  boom: { uses: sql.run, needs: [fill], with: { up: DELETE FROM missing, down: SELECT 1 } }",
      target: "postgresql://\(role):\(reference)@127.0.0.1:\(database.cluster.port)/\(database.name)",
      environment: ["WORD": Self.secret])
    try project.write(Self.secret + "\n", to: "word.txt", mode: 0o600)
    var seen = try await project.run("plan").stdout
    // Somebody's row lock keeps the batch at work while it is looked at.
    let holder = try await database.connect()
    try await holder.script("BEGIN; SELECT FROM t WHERE id = 300 FOR UPDATE")
    let running = try project.start("apply")
    try await project.until(
      """
      SELECT count(*) > 0 FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'caisson:%' AND wait_event_type = 'Lock'
      """)
    seen += running.commandLine
    #expect(running.commandLine.contains("apply"))
    await holder.close()
    #expect(await running.wait() == 1, "\(running.output)")
    seen += running.output
    for command in ["status", "events", "logs", "history"] {
      for format in ["text", "json"] {
        let result = try await project.run(command, "--output", format)
        #expect(result.exit == 0 && !result.stdout.isEmpty, "\(result.stderr)")
        seen += result.stdout + result.stderr
      }
    }
    #expect(!seen.contains(Self.secret))
    try await expectCleanJournal(database)
    let kept = try await database.sql("SELECT resolved::text LIKE '%' || \(reference) || '%' FROM caisson.plan").value
    #expect(kept == "t")
    try await database.cluster.sql("DROP OWNED BY \(id: role) CASCADE", database: database.name)
    try await database.cluster.sql("DROP ROLE \(id: role)")
  }

  /// Every row of every table as text, as a dump would have it.
  private func expectCleanJournal(_ database: TestDatabase) async throws {
    let tables = try await database.sql(
      "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'caisson'::regnamespace AND relkind = 'r'").rows
    #expect(tables.count > 5)
    for table in tables.compactMap({ $0[0] }) {
      let count = try await database.sql(
        "SELECT count(*) FROM \(sql: table) x WHERE x::text LIKE '%' || \(Self.secret) || '%'").value
      #expect(count == "0", "\(table)")
    }
  }

  @Test("a wrong password is told without the password")
  func wrongPassword() async throws {
    let database = TestDatabase.current
    let project = try Project(
      "  one: { uses: sql.run, with: { up: SELECT 1 } }",
      target: "postgresql://postgres:${env:WORD}@127.0.0.1:\(database.cluster.port)/\(database.name)",
      environment: ["WORD": Self.secret])
    for command in ["plan", "apply", "status", "rollback", "journal check"] {
      let result = try await project.run(command)
      #expect(result.exit == 1, "\(command)")
      #expect(result.stderr.contains("password authentication failed"), "\(result.stderr)")
      #expect(!(result.stdout + result.stderr).contains(Self.secret))
    }
  }

  @Test("a password in the file itself is refused, and not repeated")
  func literal() async throws {
    let project = try Project(
      "  one: { uses: sql.run, with: { up: SELECT 1 } }", target: "postgresql://postgres:plain-word@127.0.0.1/x")
    let result = try await project.run("plan")
    #expect(result.exit == 3 && result.stderr.contains("plain text"))
  }
}
