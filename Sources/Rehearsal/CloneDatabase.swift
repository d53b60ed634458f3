import Engine
import Journal
import PostgresClient
import SQLText
import Sandbox

/// The target's database as the sandbox has it: its schema once, as a template, and copies of that to work on.
struct CloneDatabase {
  let scratch: ScratchCluster
  /// The target's name of it: a plan may ask for it.
  let name: String
  /// The role the target is reached as.
  let user: String
  /// The environment's name.
  let environment: String
  private let options: SQL
  private let rights: [(grantee: String?, privilege: String)]
  private let owner: String

  static let template = "caisson_template"
  private static let maintenance = "template1"

  init(of source: Connection, in scratch: ScratchCluster, for environment: String) async throws {
    self.scratch = scratch
    self.environment = environment
    let major = source.serverVersion / 10_000
    // What a locale of the server's own is called has changed twice.
    let provider: SQL = major >= 17 ? "datlocale" : "daticulocale"
    let found = try await source.query(
      """
      SELECT datname, session_user AS me, pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding,
        datcollate, datctype, datlocprovider, \(sql: provider) AS locale
      FROM pg_catalog.pg_database WHERE datname = current_database()
      """)
    guard let row = found.rows.first else { throw EngineError(.unusable, "the target does not know its own database") }
    name = try row.string("datname")
    user = try row.string("me")
    owner = try row.string("owner")
    options = try Self.options(row)
    rights = try await source.query(
      """
      SELECT r.rolname AS grantee, a.privilege_type FROM pg_catalog.pg_database d
      CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
      LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
      WHERE d.datname = current_database() AND (a.grantee = 0 OR r.oid IS NOT NULL) AND a.grantee <> d.datdba
      """
    ).rows.map { ($0["grantee"], try $0.string("privilege_type")) }
  }

  private static func options(_ row: Row) throws -> SQL {
    let encoding = try row.string("encoding"), collate = try row.string("datcollate"), ctype = try row.string("datctype")
    var all: SQL = "ENCODING \(literal: encoding) LC_COLLATE \(literal: collate) LC_CTYPE \(literal: ctype)"
    switch row["datlocprovider"] {
    case "i": all.append(" LOCALE_PROVIDER icu ICU_LOCALE \(literal: row["locale"] ?? "und")")
    case "b": all.append(" LOCALE_PROVIDER builtin BUILTIN_LOCALE \(literal: row["locale"] ?? "C.UTF-8")")
    default: all.append(" LOCALE_PROVIDER libc")
    }
    return all
  }

  // MARK: Places

  /// As the sandbox's superuser.
  func superuser(of database: String) -> ConnectionString { scratch.target(database: database) }

  /// As the role that the environment names, on the copy that is worked on.
  var work: ConnectionString { scratch.target(database: name, user: user) }

  func administering<Value: Sendable>(
    _ database: String = maintenance, _ body: @Sendable (Connection) async throws -> Value
  ) async throws -> Value {
    let connection = try await Connection.connect(superuser(of: database), ConnectionSettings(applicationName: "caisson:rehearsal"))
    do {
      let value = try await body(connection)
      await connection.close()
      return value
    } catch {
      await connection.close()
      throw error
    }
  }

  // MARK: Making

  func makeTemplate() async throws {
    try await administering { [options] connection in
      do {
        _ = try await connection.query("CREATE DATABASE \(id: Self.template) TEMPLATE template0 \(sql: options)")
      } catch let error as PostgresError where ["22023", "42809"].contains(error.sqlState) {
        throw EngineError(
          .refused, "the sandbox cannot have the target's locale: \(error.message)",
          hint: "install it on this machine: otherwise text would be sorted otherwise")
      }
    }
  }

  /// A fresh copy, in the place of the one before.
  func renew() async throws {
    try await administering { [name, owner, rights] connection in
      // Another database of this name comes with every cluster.
      _ = try await connection.query("DROP DATABASE IF EXISTS \(id: name) WITH (FORCE)")
      _ = try await connection.query("CREATE DATABASE \(id: name) TEMPLATE \(id: Self.template)")
      var statements: [SQL] = [
        "ALTER DATABASE \(id: name) OWNER TO \(id: owner)", "REVOKE ALL ON DATABASE \(id: name) FROM PUBLIC",
      ]
      for right in rights {
        let grantee: SQL = right.grantee.map { "\(id: $0)" } ?? "PUBLIC"
        statements.append("GRANT \(sql: right.privilege) ON DATABASE \(id: name) TO \(sql: grantee)")
      }
      _ = try await connection.batch(statements)
    }
    try await administering(name) { [environment] connection in
      // The target's journal is there, without a row: it begins anew, as this database's.
      guard try await connection.query("SELECT to_regclass('caisson.meta') IS NOT NULL").value == "t" else { return }
      _ = try await connection.batch(JournalSchema.firstRows(target: environment))
    }
  }
}
