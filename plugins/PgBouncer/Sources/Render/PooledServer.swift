import PluginAPI

/// What the server has to give.
struct PooledServer {
  var maxConnections: Int
  /// For superusers, and since PostgreSQL 16 for roles of `pg_use_reserved_connections`.
  var superuserReserved: Int
  var reserved: Int
  /// As PgBouncer reaches it when a database has no `host`.
  var host: String
  var port: Int
  /// It is on this machine.
  var isLocal: Bool

  static func read(_ facts: any Facts) async throws -> PooledServer {
    let row = try await facts.rows("""
      SELECT current_setting('max_connections')::int AS most, current_setting('superuser_reserved_connections')::int AS super,
        coalesce(current_setting('reserved_connections', true), '0')::int AS reserved,
        coalesce(host(inet_server_addr()), trim(split_part(current_setting('unix_socket_directories'), ',', 1))) AS host,
        current_setting('port')::int AS port,
        inet_server_addr() IS NULL OR inet_server_addr() <<= inet '127.0.0.0/8' OR inet_server_addr() = inet '::1' AS local
      """).first
    guard let row else { throw BouncerRefusal("pgbouncer.server", "the server says nothing about itself", choices: ["try again"]) }
    return PooledServer(
      maxConnections: try row.int("most"), superuserReserved: try row.int("super"), reserved: try row.int("reserved"),
      host: try row.string("host"), port: try row.int("port"), isLocal: row["local"] == "t")
  }

  /// Left for everybody else.
  func available(direct: Int) -> Int { maxConnections - superuserReserved - reserved - direct }
}
