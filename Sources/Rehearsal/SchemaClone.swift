import Catalog
import Engine
import PostgresClient
import SQLText
import Sandbox

/// Brings the target's schema, and rows where they are wanted, into the clone. The target is only read.
struct SchemaClone {
  let source: Connection
  /// The way pg_dump takes to it.
  let address: ConnectionString
  let clone: CloneDatabase
  let rows: RowChoice?

  private var tool: ServerTool { ServerTool(scratch: clone.scratch) }
  private var file: String { clone.scratch.folder + "/schema.dump" }

  /// What was brought: tables, and rows.
  func run() async throws -> (tables: Int, rows: Int) {
    try await refuseMissingExtensions()
    try await clone.administering { [source] in
      try await CloneRoles.copy(from: source, to: $0, superuser: LocalCluster.superuser)
    }
    try await tablespaces()
    try await clone.makeTemplate()
    // No subscription, and so nobody's address; a lock that is not to be had is not waited for.
    try await tool.run(
      ["pg_dump", "--schema-only", "--format=custom", "--file=\(file)", "--no-subscriptions", "--no-security-labels",
       "--lock-wait-timeout=10000", "--no-password"],
      on: address, for: "the target's schema cannot be read")
    try await restore("pre-data")
    var copied = 0
    if let rows {
      copied = try await clone.administering(CloneDatabase.template) { [source] in
        try await RowSample(source: source, clone: $0, choice: rows, folder: clone.scratch.folder).run()
      }
    }
    try await restore("post-data")
    try await clone.administering(CloneDatabase.template) { try await settle($0) }
    return (try await tables(), copied)
  }

  private func restore(_ section: String) async throws {
    let template = clone.superuser(of: CloneDatabase.template)
    try await tool.run(
      ["pg_restore", "--section=\(section)", "--exit-on-error", "--no-password", "--dbname=\(CloneDatabase.template)", file],
      on: template, isClone: true, for: "the target's schema cannot be made again in the sandbox")
  }

  private func refuseMissingExtensions() async throws {
    let wanted = try await source.query("SELECT extname FROM pg_catalog.pg_extension ORDER BY 1").rows.compactMap { $0[0] }
    let there = try await clone.administering {
      Set(try await $0.query("SELECT name FROM pg_catalog.pg_available_extensions").rows.compactMap { $0[0] })
    }
    let missing = wanted.filter { !there.contains($0) }
    guard missing.isEmpty else {
      throw EngineError(
        .refused, "the sandbox's server has no extension \(missing.joined(separator: ", "))",
        hint: "install it for the programs in \(clone.scratch.programs.folder)")
    }
  }

  private func tablespaces() async throws {
    let names = try await source.query("SELECT spcname FROM pg_catalog.pg_tablespace WHERE spcname !~ '^pg_'").rows.compactMap { $0[0] }
    guard !names.isEmpty else { return }
    try await clone.administering { connection in
      _ = try await connection.query("SET allow_in_place_tablespaces = on")
      for name in names { _ = try await connection.query("CREATE TABLESPACE \(id: name) LOCATION ''") }
    }
  }

  /// Without what leads to other servers; with what is computed from rows.
  private func settle(_ connection: Connection) async throws {
    for row in try await connection.query("SELECT srvname, usename FROM pg_catalog.pg_user_mappings").rows {
      let user = try row.string("usename"), who: SQL = user == "public" ? "PUBLIC" : "\(id: user)"
      _ = try await connection.query("DROP USER MAPPING FOR \(sql: who) SERVER \(id: try row.string("srvname"))")
    }
    guard rows != nil else { return }
    let views: SQL = """
      SELECT c.oid::regclass::text FROM pg_catalog.pg_class c WHERE relkind = 'm' ORDER BY c.oid
      """
    let populated = try await source.query(
      "SELECT c.oid::regclass::text FROM pg_catalog.pg_class c WHERE relkind = 'm' AND relispopulated"
    ).rows.compactMap { $0[0] }
    for view in try await connection.query(views).rows.compactMap({ $0[0] }) where populated.contains(view) {
      _ = try await connection.query("REFRESH MATERIALIZED VIEW \(sql: view)")
    }
    _ = try await connection.query("ANALYZE")
  }

  private func tables() async throws -> Int {
    let count = try await clone.administering(CloneDatabase.template) {
      try await $0.query(
        """
        SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema', 'caisson')
        """).value
    }
    return count.flatMap { Int($0) } ?? 0
  }
}
