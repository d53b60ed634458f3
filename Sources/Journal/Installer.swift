package import PostgresClient
import SQLText

/// Brings the schema `caisson` into a database, once, whoever else is at it.
package enum Installer {
  package enum Outcome: Sendable, Hashable {
    case installed
    case present(version: Int)
  }

  /// Safe to call by many at once: the schema's name decides who installs, the others find the finished journal.
  @discardableResult
  package static func install(on connection: Connection, target: String) async throws -> Outcome {
    for _ in 1...3 {
      if let version = try await version(on: connection) {
        try compatible(version)
        return .present(version: version.schema)
      }
      let outcome = await connection.transaction(pins: PinnedSettings(idleInTransactionTimeout: .seconds(30))) { connection in
        _ = try await connection.script(JournalSchema.definition)
        _ = try await connection.batch(JournalSchema.firstRows(target: target))
      }
      switch outcome {
      case .committed: return .installed
      case .unknown(let error): throw error
      case .rolledBack(let error):
        guard let refused = error as? PostgresError else { throw error }
        if !lostTheRace(refused) { throw try await explained(refused, connection) }
      }
    }
    throw JournalError(.foreign, "the schema caisson keeps changing", hint: "see who creates and drops it, then retry")
  }

  /// To this engine's version. There is one version so far; a newer journal is refused.
  @discardableResult
  package static func upgrade(on connection: Connection) async throws -> Outcome {
    guard let version = try await version(on: connection) else { throw missing }
    try compatible(version)
    return .present(version: version.schema)
  }

  /// The journal is there and this engine may write it.
  package static func require(on connection: Connection) async throws {
    guard let version = try await version(on: connection) else { throw missing }
    try compatible(version)
  }

  /// `nil`: no journal here.
  package static func version(on connection: Connection) async throws -> (schema: Int, minWriter: Int)? {
    let found = try await connection.query(
      """
      SELECT to_regnamespace('caisson') IS NOT NULL AS schema, to_regclass('caisson.meta') IS NOT NULL AS meta,
        (\(sql: impostors)) AS impostors
      """)
    guard let row = found.rows.first, try row.bool("schema") else { return nil }
    guard try row.bool("meta") else {
      throw JournalError(
        .foreign, "this database has a schema caisson that is no journal",
        hint: "rename it (ALTER SCHEMA caisson RENAME TO …): the journal's name is fixed")
    }
    if let impostors = row["impostors"] {
      throw JournalError(
        .foreign, "schema caisson has functions under the names of the journal's: \(impostors)",
        hint: "nothing was called: find out who made them and why, and DROP FUNCTION")
    }
    let meta = try await connection.query("SELECT schema_version, min_writer FROM caisson.meta")
    guard let row = meta.rows.first else {
      throw JournalError(.unreadable, "caisson.meta is empty", hint: "restore the journal from a backup")
    }
    return (try row.int("schema_version"), try row.int("min_writer"))
  }

  /// Runners may make functions in the schema. One that is named like the journal's would be called by whoever is more
  /// than they are, if its parameters were a closer match.
  private static let impostors: SQL = """
    SELECT string_agg(DISTINCT f.oid::regprocedure || ' of ' || pg_get_userbyid(f.proowner), ', ')
    FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_proc f ON f.pronamespace = n.oid
      JOIN pg_catalog.pg_proc j ON j.pronamespace = n.oid AND j.proname = f.proname
    WHERE n.nspname = 'caisson' AND f.proowner <> n.nspowner AND j.proowner = n.nspowner
    """

  /// A newer journal may still be written by this engine when it says so.
  package static func compatible(_ version: (schema: Int, minWriter: Int)) throws(JournalError) {
    if version.minWriter > JournalSchema.version {
      throw JournalError(
        .newer,
        "the journal has version \(version.schema) and may only be read by this engine, which writes version "
          + "\(JournalSchema.version)",
        hint: "use the newer caisson that upgraded it")
    }
    try readable(version)
  }

  /// A newer journal is read as far as this engine knows it; only one that is too old is refused.
  package static func readable(_ version: (schema: Int, minWriter: Int)) throws(JournalError) {
    if version.schema < JournalSchema.minWriter {
      throw JournalError(
        .older, "the journal has version \(version.schema), this engine needs \(JournalSchema.minWriter)",
        hint: "run `caisson journal upgrade` when no run is in progress")
    }
  }

  private static let missing = JournalError(
    .missing, "there is no journal in this database", hint: "`caisson apply` or `caisson journal install` makes one")

  /// The schema, or one of its catalog rows, was made by somebody else since we looked.
  private static func lostTheRace(_ error: PostgresError) -> Bool {
    ["42P06", "23505", "42P07", "42723", "42710"].contains(error.sqlState)
  }

  private static func explained(_ error: PostgresError, _ connection: Connection) async throws -> any Error {
    switch error.sqlState {
    case "42501":
      let who = try await connection.query("SELECT current_user AS role, current_database() AS database").rows.first
      let role = Quoting.identifier(who?["role"] ?? "…"), database = Quoting.identifier(who?["database"] ?? "…")
      return JournalError(
        .notAllowed, "the journal cannot be installed: \(error.message)",
        hint: "an owner or superuser runs GRANT CREATE ON DATABASE \(database) TO \(role)")
    case "25006":
      return JournalError(
        .notAllowed, "the journal cannot be installed: the server is read-only",
        hint: "point the target at the primary")
    default: return error
    }
  }
}
