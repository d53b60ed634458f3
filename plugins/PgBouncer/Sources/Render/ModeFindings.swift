import PluginAPI

/// What a pool mode asks of those who use it.
struct ModeFindings {
  let wanted: PgbouncerRender.Parameters
  let version: BouncerVersion

  func findings() -> [Finding] { prepared + forcedUsers + sessionPools }

  /// Statements that drivers prepare by the protocol.
  private var prepared: [Finding] {
    guard wanted.poolMode != .session else { return [] }
    let key = "max_prepared_statements"
    if version < BouncerVersion(21) {
      return [
        .warning(
          "pgbouncer.prepared", "PgBouncer \(version) does not follow prepared statements, which drivers make by themselves:"
            + " `prepared statement \"…\" does not exist`, or `already exists`", choices: [
              "switch them off: psycopg prepare_threshold=None, JDBC prepareThreshold=0, Npgsql Max Auto Prepare=0,"
                + " ActiveRecord prepared_statements: false", "PgBouncer 1.21 or newer, with \(key)",
            ], at: wanted.$poolMode)
      ]
    }
    let count = wanted.extra[key] ?? KeyTable.key(key, .ini)?.fallback(in: version) ?? "0"
    guard count == "0" else { return [] }
    return [
      .warning(
        "pgbouncer.prepared", "\(key) is 0: statements that drivers prepare by themselves fail",
        choices: ["extra: { \(key): 200 }"], at: wanted.$extra)
    ]
  }

  private var forcedUsers: [Finding] {
    wanted.databases.filter { $0.value["user"] != nil }.map { entry in
      .warning(
        "pgbouncer.forced_user", "every client of \(entry.key) is \(entry.value["user"] ?? "") at the server, where PgBouncer can log"
          + " in for it only without a password", choices: ["leave `user` out: each client is who it is", "peer or cert in pg_hba.conf"],
        at: entry.range)
    }
  }

  private var sessionPools: [Finding] {
    guard wanted.poolMode == .session else { return [] }
    return [
      .note(
        "pgbouncer.session_mode", "in session mode a client keeps its server connection: no more clients at a time than connections",
        at: wanted.$poolMode)
    ]
  }
}
