import PluginAPI

/// Whether those who are to log in can.
struct RoleFindings {
  let wanted: PgbouncerRender.Parameters
  let facts: any Facts

  func findings() async throws -> [Finding] {
    var findings = try passwords()
    let roles = try await facts.rows("SELECT rolname, rolcanlogin FROM pg_catalog.pg_roles ORDER BY rolname")
    let known = roles.compactMap { $0["rolname"] }
    var needed = wanted.users.entries.map { ($0.key, $0.range) }
    if wanted.auth.from == .query { needed.append((wanted.auth.user.name, wanted.auth.$user)) }
    for (name, range) in needed {
      guard let role = roles.first(where: { $0["rolname"] == name }) else {
        let near = Spelling.nearest(to: name, in: known).map { ["did you mean `\($0)`?"] } ?? []
        findings.append(
          .warning(
            "pgbouncer.role", "there is no role \(name) on the server: it cannot log in through PgBouncer",
            choices: near + ["create it before"], at: range))
        continue
      }
      if role["rolcanlogin"] != "t" {
        findings.append(
          .warning("pgbouncer.role", "role \(name) may not log in", choices: ["ALTER ROLE \(name) LOGIN"], at: range))
      }
    }
    return try await findings + verifiers(of: needed)
  }

  private func passwords() throws -> [Finding] {
    var findings: [Finding] = []
    let needed = wanted.auth.from == .file ? wanted.users.entries + wanted.admins.entries : wanted.admins.entries
    for entry in needed where entry.value.password == nil {
      findings.append(
        .refusal(
          "pgbouncer.password", "\(entry.key) has no password, so nobody can log in as it",
          choices: ["\(entry.key): { password: ${env:NAME} }", "auth: { from: query } for users of the server"], at: entry.range))
    }
    if wanted.auth.from == .file, wanted.users.isEmpty {
      findings.append(
        .refusal(
          "pgbouncer.password", "no user, so nobody can log in", choices: ["users: { NAME: { password: ${env:NAME} } }",
          "auth: { from: query }"], at: wanted.$users))
    }
    if wanted.admins.isEmpty {
      findings.append(
        .note(
          "pgbouncer.admins", "no user of the admin console: only the account that runs PgBouncer gets in, as `pgbouncer` over the"
            + " Unix socket; PAUSE at a cutover needs one", at: wanted.$admins))
    }
    if wanted.auth.from == .query { findings.append(lookup) }
    return findings
  }

  private var lookup: Finding {
    if wanted.auth.password == nil {
      return .warning(
        "pgbouncer.auth_user", "\(wanted.auth.user.name) logs in at the server without a password: pg_hba.conf has to let it",
        choices: ["a line of pg_hba.conf: local all \(wanted.auth.user.name) peer, or cert over TLS", "auth: { password: ${env:NAME} }"],
        at: wanted.auth.$user)
    }
    return .warning(
      "pgbouncer.plain", "the password of \(wanted.auth.user.name) will stand in userlist.txt as it is (0600): with a verifier alone"
        + " PgBouncer cannot log in at the server", choices: ["peer or cert in pg_hba.conf instead, and no auth.password"],
      at: wanted.auth.$password)
  }

  /// With the very verifier of the server PgBouncer can log in there by what the client has proven; with another it cannot.
  private func verifiers(of needed: [(String, SourceRange)]) async throws -> [Finding] {
    guard wanted.auth.from == .file, !wanted.users.isEmpty else { return [] }
    let allowed = try await facts.rows("SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')").first?[0] == "t"
    guard allowed else {
      return [
        .warning(
          "pgbouncer.verifier", "the target's role may not read pg_authid, so userlist.txt gets verifiers of its own, with which"
            + " PgBouncer cannot log in at a server that wants SCRAM", choices: [
              "auth: { from: query }, whose function the provider's administrator installs", "a target with a superuser's role",
            ], at: wanted.$auth)
      ]
    }
    let names = needed.map(\.0)
    let rows = try await facts.rows("""
      SELECT rolname FROM pg_catalog.pg_authid WHERE rolpassword LIKE 'md5%' AND rolname = ANY (\(names)) ORDER BY rolname
      """)
    return rows.compactMap { $0["rolname"] }.map { name in
      .refusal(
        "pgbouncer.md5", "the server keeps an MD5 of \(name)'s password: nobody can log in as it with SCRAM",
        choices: ["set the password again under password_encryption = scram-sha-256"],
        at: needed.first { $0.0 == name }?.1)
    }
  }
}
