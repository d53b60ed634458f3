import PostgresClient
import SQLText

/// The target's roles, made again in the sandbox: what they may and who belongs to whom, no password.
///
/// All of them: whoever owns or is granted something, and whom the plan is going to grant something.
struct CloneRoles {
  private static let roles: SQL = """
    SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls
    FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY oid
    """
  private static let members: SQL = """
    SELECT DISTINCT g.rolname AS role, m.rolname AS member, bool_or(a.admin_option) AS admin
    FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
      JOIN pg_catalog.pg_roles m ON m.oid = a.member
    WHERE m.rolname !~ '^pg_' GROUP BY 1, 2 ORDER BY 1, 2
    """
  private static let words = [
    ("rolsuper", "SUPERUSER"), ("rolinherit", "INHERIT"), ("rolcreaterole", "CREATEROLE"), ("rolcreatedb", "CREATEDB"),
    ("rolcanlogin", "LOGIN"), ("rolreplication", "REPLICATION"), ("rolbypassrls", "BYPASSRLS"),
  ]

  static func copy(from source: Connection, to clone: Connection, superuser: String) async throws {
    var statements: [SQL] = []
    for row in try await source.query(roles).rows {
      let name = try row.string("rolname")
      // The sandbox's own: it stays what it is.
      guard name != superuser else { continue }
      let rights = try words.map { try row.bool($0.0) ? $0.1 : "NO" + $0.1 }.joined(separator: " ")
      statements.append("CREATE ROLE \(id: name) \(sql: rights)")
    }
    for row in try await source.query(members).rows {
      let admin = try row.bool("admin") ? " WITH ADMIN OPTION" : ""
      statements.append("GRANT \(id: try row.string("role")) TO \(id: try row.string("member"))\(sql: admin)")
    }
    if !statements.isEmpty { _ = try await clone.batch(statements) }
  }
}
