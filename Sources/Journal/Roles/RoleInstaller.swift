package import PostgresClient
import SQLText

/// Gives the group roles their rights on a journal.
package struct RoleInstaller: Sendable {
  package struct Outcome: Sendable, Hashable {
    /// Roles the cluster did not have.
    package var created: [GroupRole]
    /// What was granted and taken away: `INSERT ON attempt` by role. What was there already is in neither.
    package var granted: [Grant]
    package var revoked: [Grant]
    /// Members of the runner group who can act as the journal's owner, and so change anything.
    package var mighty: [String]
  }

  /// Rights of one kind that one role has.
  package struct Grant: Sendable, Hashable {
    package let role: String
    package let privilege: String
    package let object: String
  }

  package let script: RolesScript

  package init(worker: String? = nil) { script = RolesScript(worker: worker) }

  /// In one transaction: all of it or nothing.
  @discardableResult
  package func install(on connection: Connection) async throws -> Outcome {
    let missing = try await check(connection)
    let before = try await grants(connection)
    let pins = PinnedSettings(idleInTransactionTimeout: .seconds(30))
    let outcome = await connection.transaction(pins: pins) { connection in
      _ = try await connection.query("SELECT FROM caisson.meta FOR UPDATE")
      for statement in RolesScript.creation + script.grants { _ = try await connection.script(statement) }
    }
    switch outcome {
    case .committed: break
    case .unknown(let error): throw error
    case .rolledBack(let error):
      guard (error as? PostgresError)?.sqlState == "42501" else { throw error }
      throw JournalError(
        .notAllowed, "the rights could not be granted: \((error as? PostgresError)?.message ?? "")", hint: Self.byHand)
    }
    let after = try await grants(connection)
    return Outcome(
      created: missing, granted: after.filter { !before.contains($0) }, revoked: before.filter { !after.contains($0) },
      mighty: try await mighty(connection))
  }

  private static let byHand = "--print-sql prints the statements for somebody who may"

  // MARK: Beforehand

  /// The roles that are missing; who may not do it is told what to ask for.
  private func check(_ connection: Connection) async throws -> [GroupRole] {
    let rows = try await connection.query(
      """
      SELECT rolname, (SELECT rolsuper OR rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user) AS may,
        pg_get_userbyid(n.nspowner) AS owner, pg_has_role(n.nspowner, 'USAGE') AS owns, current_user AS me
      FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_roles
        ON rolname = ANY (\(GroupRole.allCases.map(\.rawValue))::name[]) WHERE n.nspname = 'caisson'
      """).rows
    guard let any = rows.first else {
      throw JournalError(.missing, "there is no journal in this database", hint: "`caisson journal install` makes one")
    }
    guard try any.bool("owns") else {
      let owner = try any.string("owner")
      throw JournalError(
        .notAllowed, "the journal belongs to \(owner), and only its owner grants rights on it",
        hint: "do it as \(owner); " + Self.byHand)
    }
    let found = Set(rows.compactMap { $0["rolname"] })
    let missing = GroupRole.allCases.filter { !found.contains($0.rawValue) }
    guard try missing.isEmpty || any.bool("may") else {
      let sql = missing.map { role in
        "CREATE ROLE \(role.rawValue) NOLOGIN" + (role == .viewer ? "" : " IN ROLE \(GroupRole.viewer.rawValue)") + ";"
      }
      let names = missing.map(\.rawValue).joined(separator: ", "), me = try any.string("me")
      throw JournalError(
        .notAllowed, "\(names) must be made first, and \(me) may not create roles",
        hint: "a role with CREATEROLE runs: " + sql.joined(separator: " ") + " then do this again")
    }
    return missing
  }

  // MARK: What there is

  /// All rights of the groups, the former ones, and of PUBLIC on functions.
  private func grants(_ connection: Connection) async throws -> [Grant] {
    let roles = GroupRole.allCases.map(\.rawValue) + GroupRole.former + (script.worker.map { [$0] } ?? [])
    return try await connection.query(
      """
      WITH acl AS (
        SELECT 'schema caisson' AS object, n.nspacl AS acl FROM pg_catalog.pg_namespace n WHERE n.nspname = 'caisson'
        UNION ALL SELECT c.relname::text, c.relacl FROM pg_catalog.pg_class c
          WHERE c.relnamespace = 'caisson'::regnamespace AND c.relkind IN ('r','S')
        UNION ALL SELECT c.relname || '.' || a.attname, a.attacl FROM pg_catalog.pg_attribute a
          JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
          WHERE c.relnamespace = 'caisson'::regnamespace AND a.attacl IS NOT NULL
        UNION ALL SELECT p.proname || '()', coalesce(p.proacl, acldefault('f', p.proowner)) FROM pg_catalog.pg_proc p
          JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname = 'caisson' AND p.proowner = n.nspowner)
      SELECT coalesce(r.rolname, 'PUBLIC') AS role, x.privilege_type AS privilege, acl.object
      FROM acl, LATERAL aclexplode(acl.acl) x LEFT JOIN pg_catalog.pg_roles r ON r.oid = x.grantee
      WHERE r.rolname = ANY (\(roles)::name[]) OR x.grantee = 0 ORDER BY 1, 2, 3
      """
    ).rows.map {
      Grant(role: try $0.string("role"), privilege: try $0.string("privilege"), object: try $0.string("object"))
    }
  }

  private func mighty(_ connection: Connection) async throws -> [String] {
    try await connection.query(
      """
      SELECT r.rolname FROM pg_catalog.pg_roles r, pg_catalog.pg_namespace n
      WHERE n.nspname = 'caisson' AND r.rolcanlogin AND NOT r.rolsuper
        AND pg_has_role(r.oid, '\(sql: SQL(verbatim: GroupRole.runner.rawValue))', 'MEMBER')
        AND pg_has_role(r.oid, n.nspowner, 'MEMBER') ORDER BY 1
      """
    ).rows.map { try $0.string("rolname") }
  }
}
