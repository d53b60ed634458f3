import PluginAPI

/// Statements that leave something in a session, or look for it there: in transaction mode the next one may run in
/// another session.
struct SessionHazards {
  let wanted: PgbouncerRender.Parameters
  let version: BouncerVersion
  let facts: any Facts

  func findings() async throws -> [Finding] {
    guard wanted.poolMode != .session else { return [] }
    var findings: [Finding] = []
    for file in wanted.statements.files {
      let text = try await facts.file(file.value)
      findings += hazards(in: text).map { finding("\(file.value):\($0.line)", $0.state, $0.node, at: file.range) }
    }
    if wanted.statements.pgStatStatements { findings += try await seen() }
    return findings
  }

  private struct Hazard {
    var line: Int
    var state: String
    var node: String
  }

  private func hazards(in text: String) -> [Hazard] {
    SQLParser.parseEach(text).statements.compactMap { statement in
      statement.sessionState.map { Hazard(line: statement.position.line, state: $0, node: statement.node) }
    }
  }

  /// Statements as they are, constants taken out by the extension; only their kind is said, never their text.
  private func seen() async throws -> [Finding] {
    let range = wanted.statements.$pgStatStatements
    let schema = try await facts.rows("""
      SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
      """).first?[0]
    guard let schema else {
      return [
        .warning(
          "pgbouncer.statements", "pg_stat_statements is not installed in the target's database",
          choices: ["CREATE EXTENSION pg_stat_statements, with the library preloaded", "statements: { files: [...] }"], at: range)
      ]
    }
    let view = QualifiedName(schema, "pg_stat_statements")
    let rows = try await facts.rows("""
      SELECT query, sum(calls)::bigint AS calls, min(queryid)::text AS id FROM \(id: view) AS s
      WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND query ~* '(listen|notify|set|reset|prepare|execute|deallocate|load|discard|declare|temp|advisory)'
      GROUP BY query ORDER BY calls DESC LIMIT 2000
      """)
    return rows.flatMap { row in
      hazards(in: row["query"] ?? "").map {
        finding("statement \(row["id"] ?? "?") of pg_stat_statements, \(row["calls"] ?? "?") calls", $0.state, $0.node, at: range)
      }
    }
  }

  private func finding(_ place: String, _ state: String, _ node: String, at range: SourceRange) -> Finding {
    .warning(
      "pgbouncer.session_state", "\(place): leaves or needs \(state), and the client's next statement may run on another server"
        + " connection", choices: [advice(node), "a pool of its own in session mode"], at: range)
  }

  private func advice(_ node: String) -> String {
    switch node {
    case "PrepareStmt", "ExecuteStmt", "DeallocateStmt":
      version < BouncerVersion(21)
        ? "parameters without preparing"
        : "let the driver prepare: max_prepared_statements follows the protocol's messages, not PREPARE in SQL"
    case "ListenStmt", "UnlistenStmt": "a direct connection for listening; NOTIFY may go through the pool"
    case "VariableSetStmt": "SET LOCAL in the transaction, or ALTER ROLE … SET"
    case "DeclareCursorStmt": "read the cursor inside its transaction"
    case "CreateStmt", "CreateTableAsStmt", "ViewStmt", "CreateSeqStmt": "ON COMMIT DROP, all in one transaction"
    case "LoadStmt": "session_preload_libraries of the role"
    case "DiscardStmt": "leave it to server_reset_query"
    default: "pg_advisory_xact_lock, and set_config(…, true)"
    }
  }
}
