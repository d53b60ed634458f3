import JSONText
import PluginAPI

enum PoolMode: String, CaseIterable, Sendable, ParameterValue { case transaction, session, statement }

/// Connections of a pool to the server.
enum PoolSize: ParameterValue, Hashable {
  case auto
  case connections(Int)

  static var shape: Shape { .oneOf([.enumeration(["auto"]), .integer]) }
  static func read(_ node: Node, _ report: inout Diagnostics) -> PoolSize? {
    node.text == "auto" ? .auto : Int.read(node, &report).map(PoolSize.connections)
  }
  var json: JSON {
    switch self {
    case .auto: "auto"
    case .connections(let count): .int(Int64(count))
    }
  }
}

/// `20%`.
struct Percentage: ParameterValue, Hashable {
  var percent: Int
  static var shape: Shape { .named("percentage") }
  static func read(_ node: Node, _ report: inout Diagnostics) -> Percentage? {
    guard let text = report.text(node, wanted: "a percentage such as 20%") else { return nil }
    guard text.hasSuffix("%"), let number = Int(text.dropLast()), (0...100).contains(number) else {
      report.error("pgbouncer.percentage", "`\(text)` is no percentage such as 20%", at: node.range)
      return nil
    }
    return Percentage(percent: number)
  }
  var json: JSON { .string("\(percent)%") }
}

struct PoolChoices: ParameterSet {
  @Parameter("Connections of each pool: `auto` divides 2 × cores + 1 among the pools.") var size = PoolSize.auto
  @Parameter("So many more for when clients have waited a while.") var reserve = Percentage(percent: 20)
  @Parameter("Cores of the database server; default: of this machine, where it is the server.") var cores: Int?
  @Parameter("PgBouncers with these files side by side.") var bouncers = 1
  @Parameter("Connections that do not come through PgBouncer: migrations, monitoring, backups, people.") var direct = 10

  func check(_ report: inout Diagnostics) {
    if case .connections(let count) = size, !(1...10_000).contains(count) {
      report.error("pgbouncer.pool", "between 1 and 10000", at: $size)
    }
    if let cores, !(1...4096).contains(cores) { report.error("pgbouncer.pool", "between 1 and 4096", at: $cores) }
    if !(1...1000).contains(bouncers) { report.error("pgbouncer.pool", "between 1 and 1000", at: $bouncers) }
    if !(0...100_000).contains(direct) { report.error("pgbouncer.pool", "between 0 and 100000", at: $direct) }
  }
}

/// Where PgBouncer learns who may log in.
enum AuthSource: String, CaseIterable, Sendable, ParameterValue { case file, query }

/// What is kept of a password.
enum AuthType: String, CaseIterable, Sendable, ParameterValue { case scram = "scram-sha-256" }

struct AuthChoices: ParameterSet {
  @Parameter("How clients prove who they are.") var type = AuthType.scram
  @Parameter("`file`: a verifier of each user in userlist.txt; `query`: PgBouncer asks the server, by a function.")
  var from = AuthSource.file
  @Parameter("With `query`: the role that asks.") var user = Identifier("pgbouncer")
  @Parameter("With `query`: its password, where the server wants one; it stands in userlist.txt as it is.")
  var password: Secret?
  @Parameter("With `query`: the function; default: user_lookup in a schema pgbouncer.") var function: QualifiedName?
}

struct ListenChoices: ParameterSet {
  @Parameter("Addresses, comma-separated. Never left out: PgBouncer's own default listens nowhere.")
  var addr = "127.0.0.1"
  @Parameter("Port.") var port = 6432
  @Parameter("Folder of the Unix socket; empty: none.") var socketDir: String?

  func check(_ report: inout Diagnostics) {
    if !(1...65_535).contains(port) { report.error("pgbouncer.port", "between 1 and 65535", at: $port) }
    if addr.allSatisfy(\.isWhitespace) {
      report.error(
        "pgbouncer.listen", "without an address PgBouncer takes no connection over TCP", at: $addr,
        hint: "127.0.0.1, the address of a network, or `*` for all of them")
    }
  }

  var addresses: [String] { addr.split(separator: ",").map { String($0.filter { !$0.isWhitespace }) } }
}

/// Statements of the application, which are looked through for what transaction pooling breaks.
struct StatementSources: ParameterSet {
  @Parameter("SQL files beside the plan.") var files: [Located<String>] = []
  @Parameter("What pg_stat_statements has seen in the target's database.") var pgStatStatements = false
}

/// A user's password, and settings of `[users]`.
struct UserEntry: ParameterValue {
  var password: Secret?
  var settings = KeySettings<OfUser>()

  static var shape: Shape { .map(.oneOf([.named("secret"), .string, .integer, .number, .boolean])) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> UserEntry? {
    guard let pairs = report.mapping(node) else { return nil }
    var entry = UserEntry()
    if let given = pairs.first(where: { $0.key.text == "password" }) {
      guard let secret = Secret.read(given.value, &report) else { return nil }
      guard secret.reference != nil else {
        report.error(
          "secret.literal", "a password stands in the file in plain text", at: given.value.range,
          hint: "write ${env:NAME} or ${file:path}, and nothing else, in its place")
        return nil
      }
      entry.password = secret
    }
    guard let settings = KeySettings<OfUser>.read(pairs, besides: ["password"], &report) else { return nil }
    entry.settings = settings
    return entry
  }

  var json: JSON {
    let own = password.map { [("password", $0.json)] } ?? []
    return .object(JSONObject(own + settings.entries.map { ($0.key.name, $0.value.json) }))
  }
}

extension Secret {
  /// What it refers to, when it is one reference and nothing else.
  var reference: SecretReference? {
    guard segments.count == 1 else { return nil }
    switch segments[0] {
    case .environment(let name): return .environment(name)
    case .file(let path): return .file(path)
    case .text, .privateVariable: return nil
    }
  }
}
