import PluginAPI

/// pgbouncer.ini: the same text for the same parameters and facts.
struct RenderedConfig {
  let wanted: PgbouncerRender.Parameters
  let version: BouncerVersion
  let folder: String
  let server: PooledServer
  let sizing: PoolSizing

  /// Settings of `[pgbouncer]` that parameters of the step set.
  static let own = [
    "admin_users": "admins", "auth_file": "to", "auth_query": "auth", "auth_type": "auth", "auth_user": "auth",
    "default_pool_size": "pool", "listen_addr": "listen", "listen_port": "listen", "max_client_conn": "max_client_conn",
    "pool_mode": "pool_mode", "reserve_pool_size": "pool", "unix_socket_dir": "listen", "user": "run_as",
  ]

  /// What SHOW CONFIG has to say.
  var expected: [String: String] { Dictionary(section.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }) }

  var text: String {
    var lines = [
      ";; Written by Caisson for PgBouncer \(version): change the plan, not this file.", ";; \(sizing.arithmetic)", "", "[databases]",
    ]
    lines += wanted.databases.map { database($0.key, $0.value) }
    let users = wanted.users.filter { !$0.value.settings.entries.isEmpty }
    if !users.isEmpty {
      lines += ["", "[users]"] + users.map { "\(Self.name($0.key)) = \(Self.words($0.value.settings.entries.map { ($0.key.name, $0.value) }))" }
    }
    // Last and with admin_users first: whatever a broken line takes away, the console it leaves.
    lines += ["", "[pgbouncer]"] + section.map { "\($0.key) = \($0.value)" }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: Sections

  private var section: [(key: String, value: String)] {
    var lines = [
      ("admin_users", wanted.admins.keys.joined(separator: ",")), ("listen_addr", wanted.listen.addr),
      ("listen_port", String(wanted.listen.port)),
    ]
    if let folder = wanted.listen.socketDir { lines.append(("unix_socket_dir", folder)) }
    lines += [("auth_type", wanted.auth.type.rawValue), ("auth_file", "\(folder)/userlist.txt")]
    if wanted.auth.from == .query {
      lines += [("auth_user", wanted.auth.user.name), ("auth_query", AuthLookup(wanted: wanted).query)]
    }
    lines += [
      ("pool_mode", wanted.poolMode.rawValue), ("default_pool_size", String(sizing.size)),
      ("reserve_pool_size", String(sizing.reserve)), ("max_client_conn", String(wanted.maxClientConn)),
    ]
    var others = (wanted.timeouts.entries.map { ($0.key.name, $0.value) } + wanted.extra.entries.map { ($0.key.name, $0.value) })
    // Drivers of Java and .NET send it with every connection.
    if wanted.extra["ignore_startup_parameters"] == nil { others.append(("ignore_startup_parameters", "extra_float_digits")) }
    return lines + others.sorted { $0.0 < $1.0 }
  }

  private func database(_ name: String, _ settings: KeySettings<OfDatabase>) -> String {
    var words = settings.entries.map { ($0.key.name, $0.value) }
    if settings["port"] == nil { words.insert(("port", String(server.port)), at: 0) }
    if settings["host"] == nil { words.insert(("host", server.host), at: 0) }
    // What was counted is what there can be.
    if settings["max_db_connections"] == nil, let pool = sizing.pools.first(where: { $0.database == name }) {
      words.append(("max_db_connections", String(pool.most)))
    }
    return "\(Self.name(name)) = \(Self.words(words))"
  }

  private static func words(_ words: [(String, String)]) -> String {
    words.map { "\($0)=\(isPlain($1) ? $1 : "'\($1.replacing("'", with: "''"))'")" }.joined(separator: " ")
  }

  private static func name(_ name: String) -> String {
    isPlain(name) && !name.contains("/") && !name.contains(".") ? name : "\"\(name.replacing("\"", with: "\"\""))\""
  }

  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { byte in
      (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
        || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")) || "_-./".utf8.contains(byte)
    }
  }
}
