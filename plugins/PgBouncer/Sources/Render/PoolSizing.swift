import PluginAPI

/// How many connections each pool has. PgBouncer has one pool for each pair of database and user that is in use.
struct PoolSizing {
  struct Pool: Sendable {
    var database: String
    /// Users who may each have a pool of it.
    var users: Int
    var size: Int
    var reserve: Int
    var most: Int { users * (size + reserve) }
  }

  let server: PooledServer
  let wanted: PgbouncerRender.Parameters
  let cores: Int?
  let size: Int
  let reserve: Int
  let pools: [Pool]

  init(wanted: PgbouncerRender.Parameters, server: PooledServer, cores: Int?) throws {
    let users = max(1, wanted.users.count) + (wanted.auth.from == .query ? 1 : 0)
    let pairs = wanted.databases.reduce(0) { $0 + ($1.value["user"] == nil ? users : 1) }
    switch wanted.pool.size {
    case .connections(let count): size = count
    case .auto:
      guard let cores else {
        throw BouncerRefusal(
          "pgbouncer.cores", "how many cores the server has cannot be asked: it is not on this machine",
          choices: ["pool: { cores: N }", "pool: { size: N }"], at: wanted.$pool)
      }
      let shares = pairs * wanted.pool.bouncers
      size = max(2, (2 * cores + 1 + shares - 1) / shares)
    }
    (self.wanted, self.server, self.cores) = (wanted, server, cores)
    let size = size, percent = wanted.pool.reserve.percent
    reserve = Self.share(percent, of: size)
    pools = wanted.databases.map { entry in
      let own = entry.value["pool_size"].flatMap { Int($0) } ?? size
      let extra = (entry.value["reserve_pool"] ?? entry.value["reserve_pool_size"]).flatMap { Int($0) }
      return Pool(
        database: entry.key, users: entry.value["user"] == nil ? users : 1, size: own,
        reserve: extra ?? Self.share(percent, of: size))
    }
  }

  private static func share(_ percent: Int, of size: Int) -> Int { (size * percent + 99) / 100 }

  var available: Int { server.available(direct: wanted.pool.direct) }
  var most: Int { pools.reduce(0) { $0 + $1.most } * wanted.pool.bouncers }
  private var pairs: Int { pools.reduce(0) { $0 + $1.users } }

  /// Every number and where it comes from.
  var arithmetic: String {
    let work = cores.map { wanted.pool.size == .auto ? "2 × \($0) cores + 1 = \(2 * $0 + 1) at work at a time; " : "" } ?? ""
    let each = pools.map { "\($0.database): \($0.users) × (\($0.size) + \($0.reserve) in reserve) = \($0.most)" }
    let bouncers = wanted.pool.bouncers == 1 ? "" : " × \(wanted.pool.bouncers) PgBouncers"
    return "max_connections \(server.maxConnections) − \(server.superuserReserved) for superusers − \(server.reserved) reserved"
      + " − \(wanted.pool.direct) direct = \(available) for pools; \(work)\(pairs) pool\(pairs == 1 ? "" : "s")\(bouncers), "
      + each.joined(separator: ", ") + "\(bouncers): \(most) of \(available) connections"
  }

  func findings(at range: SourceRange) -> [Finding] {
    var findings: [Finding] = []
    if most > available {
      let room = available / max(1, pairs * wanted.pool.bouncers)
      let fitting = (0...max(0, room)).last { $0 + Self.share(wanted.pool.reserve.percent, of: $0) <= room } ?? 0
      let fits = fitting > 0 ? ["pool: { size: \(fitting) }"] : []
      findings.append(
        .refusal(
          "pgbouncer.too_many", "the pools may want \(most) connections, and the server has \(max(0, available)) for them",
          choices: fits + [
            "fewer users or databases, or fewer PgBouncers",
            "max_connections = \(server.maxConnections + most - available) or more, which costs memory and a restart",
          ], at: range))
    }
    let hosts = Set(wanted.databases.map { "\($0.value["host"] ?? server.host):\($0.value["port"] ?? String(server.port))" })
    if hosts.count > 1 {
      findings.append(
        .warning(
          "pgbouncer.several_servers", "the databases are on \(hosts.sorted().joined(separator: " and ")); all of them are counted"
            + " against max_connections of the target", choices: ["a step for each server"], at: range))
    }
    return findings
  }
}

/// Clients, servers and files: each connection is an open file.
struct OpenFiles {
  let wanted: PgbouncerRender.Parameters
  let sizing: PoolSizing
  let facts: any Facts

  /// As PgBouncer works it out at its start: with a pool for everybody in its file, operators too.
  private var expected: Int {
    wanted.maxClientConn + 10 + sizing.pools.reduce(0) { $0 + ($1.users + wanted.admins.count) * $1.size }
  }

  func findings() async throws -> [Finding] {
    let asked = try? await facts.program(["prlimit", "--nofile", "--output", "SOFT", "--noheadings"])
    guard let limit = wanted.openFiles ?? asked.flatMap({ Int($0.filter { !$0.isWhitespace }) }), limit < expected
    else { return [] }
    let range = wanted.openFiles == nil ? wanted.$maxClientConn : wanted.$openFiles
    return [
      .refusal(
        "pgbouncer.open_files", "\(wanted.maxClientConn) clients want \(expected) open files, and there may be \(limit)",
        choices: [
          "open_files: \(Self.rounded(expected)), with `LimitNOFILE=\(Self.rounded(expected))` for PgBouncer's service",
          "max_client_conn: \(max(1, wanted.maxClientConn - (expected - limit)))",
        ], at: range)
    ]
  }

  private static func rounded(_ count: Int) -> Int {
    var power = 1024
    while power < count { power *= 2 }
    return power
  }
}
