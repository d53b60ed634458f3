import ChildProcess
import FoundationEssentials
import Glibc
import PluginAPI
import PostgresClient
import Synchronization

/// A PgBouncer of our own with somebody's configuration: it listens on a socket in a folder that only we can enter, so
/// it takes no port and no client, and is gone when this is over.
struct PoolerTrial {
  private let order: PoolerOrder
  private let folder: String
  private let passwords: [String]

  /// What was seen; throws what is wrong.
  static func run(_ order: PoolerOrder) async throws -> [String] {
    // As whom we came: what is read here its account may not be able to read.
    let text = try order.text ?? content(of: order.file ?? "")
    let passwords = try order.logins.map { try PoolerProgram.secret($0.password) }
    try ListenPort.expectFree(order)
    try becomeUnprivileged(order.account)
    let folder = try scratchFolder()
    defer { removeFolder(folder) }
    let trial = PoolerTrial(order: order, folder: folder, passwords: passwords)
    try trial.write(text)
    return try await trial.watch()
  }

  private static func content(of path: String) throws -> String {
    do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw PoolerAnswer.Problem(.broken, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
  }

  /// PgBouncer refuses to run as root; from here on, neither do we.
  private static func becomeUnprivileged(_ account: String?) throws {
    guard Account.isRoot else { return }
    guard let name = account ?? Account.forServer, let id = Account.id(name), id.user != 0 else {
      throw PoolerAnswer.Problem(
        .root, "PgBouncer refuses to run as root\(account.map { ", and \($0) is no other account" } ?? "")",
        hint: "say which account runs it: run_as")
    }
    guard setgroups(0, nil) == 0, setgid(id.group) == 0, setuid(id.user) == 0 else {
      throw PoolerAnswer.Problem(.root, "cannot become \(name): \(String(cString: strerror(errno)))")
    }
  }

  private static func scratchFolder() throws -> String {
    var template = Array("/tmp/caisson-pooler-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
      throw PoolerAnswer.Problem(.broken, "cannot make a folder in /tmp: \(String(cString: strerror(errno)))")
    }
    return String(cString: made)
  }

  private static func removeFolder(_ folder: String) {
    for name in ["pgbouncer.ini", "users", ".s.PGSQL.6432", ".s.PGSQL.6432.lock"] { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }

  // MARK: The copy

  /// Keys that the copy has of its own. The file of users is not there yet when only a text is tried.
  private var replaced: [(key: String, value: String)] {
    let own = [
      ("listen_addr", ""), ("listen_port", "6432"), ("unix_socket_dir", folder), ("unix_socket_mode", "0700"),
      ("unix_socket_group", ""), ("logfile", ""), ("pidfile", ""), ("syslog", "0"), ("user", ""), ("so_reuseport", "0"),
    ]
    return own + (order.text == nil ? [] : [("auth_file", "\(folder)/users")])
  }

  /// At the end of its section: what it says last counts, and a second section would begin with defaults again.
  private func write(_ text: String) throws {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let headers = lines.indices.filter { lines[$0].drop { $0 == " " }.hasPrefix("[") }
    let own = headers.firstIndex { lines[$0].contains("[pgbouncer]") }
    let end = own.flatMap { $0 + 1 < headers.count ? headers[$0 + 1] : nil } ?? lines.count
    lines.insert(contentsOf: (own == nil ? ["[pgbouncer]"] : []) + replaced.map { "\($0.key) = \($0.value)" }, at: end)
    let files = [("pgbouncer.ini", lines.joined(separator: "\n") + "\n"), ("users", "")]
    for (name, content) in files {
      try AtomicFile(path: "\(folder)/\(name)", mode: 0o600, mark: "new").write(content)
    }
  }

  // MARK: Running it

  private func watch() async throws -> [String] {
    let ended = Ending()
    // Whatever becomes of us, it does not outlive us.
    let command = Command(
      ["setpriv", "--pdeathsig", "KILL", "--", order.program, "\(folder)/pgbouncer.ini"], directory: "/",
      timeout: .seconds(25), grace: .seconds(1))
    let running = Task {
      do { ended.set(try await command.run().errorText) } catch { ended.set("FATAL cannot start: \(error)") }
    }
    let result: Result<[String], any Error>
    do { result = .success(try await look(ended)) } catch { result = .failure(error) }
    running.cancel()
    await running.value
    return try result.get()
  }

  private func look(_ ended: Ending) async throws -> [String] {
    let console = try await console(ended)
    defer { Task { await console.close() } }
    let shown = try await ShownConfig(console)
    let differences = shown.differences(from: order.expected, except: Set(replaced.map(\.key)))
    guard differences.isEmpty else {
      throw PoolerAnswer.Problem(
        .differs, "PgBouncer starts, and understands it otherwise: \(differences.joined(separator: "; "))")
    }
    var notes = ["\(order.program) started with it: \(order.expected.count) settings as meant"]
    for (login, password) in zip(order.logins, passwords) { notes.append(try await enter(login, password)) }
    return notes
  }

  /// The user `pgbouncer` gets in without a password where it is the same account that asks.
  private func console(_ ended: Ending) async throws -> Connection {
    let address = ConnectionString("host=\(folder) port=6432 user=pgbouncer dbname=pgbouncer")
    for _ in 0..<400 {
      if let log = ended.text { throw PoolerTrial.problem(of: log, program: order.program) }
      if access("\(folder)/.s.PGSQL.6432", F_OK) == 0,
        let console = try? await Connection.connect(address, ConnectionSettings(adminConsole: true))
      {
        return console
      }
      try await Task.sleep(for: .milliseconds(25))
    }
    throw PoolerAnswer.Problem(.broken, "\(order.program) did not answer on its console within 10s")
  }

  private func enter(_ login: PoolerOrder.Login, _ password: String) async throws -> String {
    let own = ["user": login.user, "dbname": login.database, "password": password]
    do {
      let client = try await Connection.connect(
        ConnectionString("host=\(folder) port=6432"), ConnectionSettings(overrides: own))
      let answer = try await client.script("SELECT 1").last?.value
      await client.close()
      guard answer == "1" else { throw PoolerAnswer.Problem(.login, "no answer") }
    } catch {
      let reason = (error as? PostgresError)?.message ?? "no answer"
      throw PoolerAnswer.Problem(
        .login, "\(login.user) cannot log in to \(login.database) through PgBouncer: \(reason)",
        hint: "with SCRAM PgBouncer can log in at the server only with the server's own verifier of this password; the files "
          + "hold what it was when they were written: correct it, then caisson rollback and caisson apply")
    }
    return "\(login.user) logs in to \(login.database) through it"
  }

  /// The errors of its log.
  private static func problem(of log: String, program: String) -> PoolerAnswer.Problem {
    let lines = log.split(separator: "\n").map(String.init)
    let said = lines.filter { line in ["FATAL", "ERROR", "cannot"].contains { line.contains($0) } }.map(withoutStamp)
    if let start = lines.first(where: { $0.contains("cannot start") || $0.contains("failed to execute") }) {
      return PoolerAnswer.Problem(.missing, withoutStamp(start), hint: "install PgBouncer, or say where it is: program")
    }
    return PoolerAnswer.Problem(
      .broken, "\(program) does not start with it: \(said.isEmpty ? "no reason given" : said.joined(separator: "; "))")
  }

  /// `2026-01-01 00:00:00.000 UTC [1] ERROR text` without what differs from run to run.
  private static func withoutStamp(_ line: String) -> String {
    guard let end = line.firstIndex(of: "]") else { return line }
    return String(line[line.index(after: end)...].drop { $0 == " " })
  }
}

/// What a program wrote, once it has ended.
private final class Ending: Sendable {
  private let log = Mutex<String?>(nil)
  var text: String? { log.withLock { $0 } }
  func set(_ text: String) { log.withLock { $0 = text } }
}

extension ShownConfig {
  init(_ console: Connection) async throws {
    let rows = try await console.script("SHOW CONFIG").last?.rows ?? []
    values = Dictionary(rows.map { ($0["key"] ?? "", $0["value"] ?? "") }, uniquingKeysWith: { $1 })
    fixed = Set(rows.filter { $0["changeable"] == "no" }.compactMap { $0["key"] })
  }
}
