import TestSupport
import Testing

@testable import PgBouncer

@Suite("statements that transaction pooling breaks", .database, .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(5)))
struct HazardTests {
  /// A statement, what it leaves, what to do instead.
  private static let hazards = [
    ("LISTEN orders;", "LISTEN registrations", "a direct connection for listening"),
    ("SET search_path = shop;", "a session setting", "SET LOCAL in the transaction"),
    ("PREPARE p AS SELECT 1;", "a prepared statement", "parameters without preparing"),
    ("SELECT pg_advisory_lock(1);", "a session-level advisory lock", "pg_advisory_xact_lock"),
    ("DECLARE c CURSOR WITH HOLD FOR SELECT 1;", "a cursor WITH HOLD", "inside its transaction"),
    ("CREATE TEMP TABLE t (n int);", "a temporary table", "ON COMMIT DROP"),
    ("LOAD 'auto_explain';", "a loaded library", "session_preload_libraries"),
  ]
  private static let harmless = """
    SELECT pg_advisory_xact_lock(1); SET LOCAL work_mem = '1MB'; NOTIFY orders; DECLARE c CURSOR FOR SELECT 1;
    CREATE TEMP TABLE t (n int) ON COMMIT DROP; SELECT set_config('a.b', 'c', true);
    """

  @Test("each is found, with its file and line and the way out; harmless neighbours are not")
  func files() async throws {
    try await BouncerDesk.with { desk in
      try desk.write(Self.hazards.map(\.0).joined(separator: "\n"), to: "queries.sql")
      try desk.write(Self.harmless, to: "harmless.sql")
      try desk.write(desk.render(["statements": "{ files: [queries.sql, harmless.sql] }", "validate": "false"]))
      let said = try await desk.caisson("plan").text
      for (line, hazard) in Self.hazards.enumerated() {
        #expect(said.contains("queries.sql:\(line + 1): leaves or needs \(hazard.1)"), "\(hazard.0) in\n\(said)")
        #expect(said.contains(hazard.2), "\(hazard.2) in\n\(said)")
      }
      #expect(!said.contains("harmless.sql:"), "\(said)")
      #expect(said.contains("PgBouncer 1.18 does not follow prepared statements"), "\(said)")
    }
  }

  @Test("from 1.21 on what the driver prepares is followed, what SQL prepares is not; a session pool keeps it all", arguments: [
    ("version: \"1.21\"", true, true), ("version: \"1.24\"", false, true), ("pool_mode: session", false, false),
  ])
  func versions(key: String, protocolWarned: Bool, statementWarned: Bool) async throws {
    try await BouncerDesk.with { desk in
      let parts = key.split(separator: ":", maxSplits: 1).map(String.init)
      try desk.write("PREPARE p AS SELECT 1;", to: "queries.sql")
      try desk.write(desk.render(["statements": "{ files: [queries.sql] }", "validate": "false", parts[0]: parts[1]]))
      let said = try await desk.caisson("plan").text
      #expect(said.contains("max_prepared_statements is 0") == protocolWarned, "\(said)")
      #expect(said.contains("queries.sql:1") == statementWarned, "\(said)")
    }
  }

  @Test("what pg_stat_statements has seen is told by its id, never by its text")
  func seen() async throws {
    guard try await TestDatabase.current.sql("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements'").value == "1"
    else { return }
    try await BouncerDesk.with { desk in
      try await desk.database.script("CREATE EXTENSION pg_stat_statements")
      // Often: it forgets what was rarely used for what other tests do.
      try await desk.database.script(String(repeating: "SELECT pg_advisory_lock(4711); SELECT pg_advisory_unlock(4711);", count: 100))
      try desk.write(desk.render(["statements": "{ pg_stat_statements: true }", "validate": "false"]))
      let said = try await desk.caisson("plan").text
      #expect(said.contains("of pg_stat_statements, ") && said.contains("a session-level advisory lock"), "\(said)")
      #expect(!said.contains("4711") && !said.contains("SELECT pg_advisory"))
    }
  }
}
