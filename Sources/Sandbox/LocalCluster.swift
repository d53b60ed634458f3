package import ChildProcess
import Glibc
package import PostgresClient

/// One data folder with the means to run its server: initdb, configuration, start, stop.
package struct LocalCluster: Sendable {
  package let programs: ServerPrograms
  /// Holds `data`, `log`, `password`, and the socket unless its path would be too long.
  package let folder: String
  /// The operating system user of the server; `nil`: ours.
  package let owner: String?
  /// Set in the environment of every program of it, so that what a killed process left can be told.
  package var marks: [String: String] = [:]

  package init(programs: ServerPrograms, folder: String, owner: String? = Account.forServer) {
    self.programs = programs
    self.folder = folder
    self.owner = owner
  }

  package static let superuser = "postgres"

  package var data: String { folder + "/data" }
  package var log: String { folder + "/log" }
  package var passwordFile: String { folder + "/password" }
  package var password: String? { ServerFiles.read(passwordFile)?.split(separator: "\n").first.map(String.init) }

  /// A socket's whole path has room for 107 bytes.
  package var socketFolder: String {
    let beside = folder + "/socket"
    if beside.utf8.count + "/.s.PGSQL.65535".utf8.count <= 107 { return beside }
    let hash = folder.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    return "/tmp/caisson-\(geteuid())-\(String(hash, radix: 36))"
  }

  // MARK: Making

  package var isInitialized: Bool { ServerFiles.exists(data + "/PG_VERSION") }

  /// Makes the folders and, once, the cluster: in a folder beside, so that a killed initdb leaves nothing half done.
  package func initialize(options: [String] = []) async throws {
    try ServerFiles.makeFolder(folder, owner: owner)
    try ServerFiles.makeFolder(socketFolder, owner: owner)
    if isInitialized { return }
    let draft = data + ".new"
    try await checked(["rm", "-rf", draft])
    if password == nil {
      try ServerFiles.write(LocalCluster.newPassword() + "\n", to: passwordFile, owner: owner)
    }
    var arguments = [
      programs.path("initdb"), "-D", draft, "-U", LocalCluster.superuser, "-E", "UTF8", "--locale=C.UTF-8",
      "--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=\(passwordFile)", "--no-instructions",
    ]
    if programs.major >= 15 { arguments.append("--locale-provider=libc") }
    try await checked(arguments + options)
    guard rename(draft, data) == 0 else { throw SandboxError("cannot rename \(draft)") }
  }

  /// Replaces our part of the configuration; values are quoted here.
  package func configure(port: Int, _ settings: [String: String] = [:]) async throws {
    var all = [
      "listen_addresses": "127.0.0.1", "port": String(port), "unix_socket_directories": socketFolder,
      "unix_socket_permissions": "0700", "log_timezone": "UTC", "timezone": "UTC", "lc_messages": "C",
    ]
    if await programs.hasLibrary("pg_stat_statements") { all["shared_preload_libraries"] = "pg_stat_statements" }
    let lines = all.merging(settings) { $1 }.sorted { $0.key < $1.key }.map { name, value in
      "\(name) = '\(value.replacing("'", with: "''"))'\n"
    }
    try ServerFiles.write(lines.joined(), to: data + "/caisson.conf", owner: owner)
    let main = data + "/postgresql.conf", include = "include 'caisson.conf'"
    let text = ServerFiles.read(main) ?? ""
    if !text.contains(include) { try ServerFiles.write(text + "\n" + include + "\n", to: main, owner: owner) }
  }

  /// The port that `configure` wrote last.
  package var configuredPort: Int? {
    ServerFiles.read(data + "/caisson.conf")?.firstMatch(of: #/(?m)^port = '(\d+)'/#).flatMap { Int($0.1) }
  }

  // MARK: Running

  /// The server's pid when it really runs on this folder; a pid file may be left over and its pid be somebody else's.
  package var runningPID: Int32? {
    guard let line = ServerFiles.read(data + "/postmaster.pid")?.split(separator: "\n").first, let pid = Int32(line),
      kill(pid, 0) == 0 || errno == EPERM
    else { return nil }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let path = "/proc/\(pid)/cwd"
    let count = buffer.withUnsafeMutableBytes { room in
      room.baseAddress.map { readlink(path, $0, room.count) } ?? 0
    }
    guard count > 0, let real = realpath(data, nil) else { return nil }
    defer { free(real) }
    return String(decoding: buffer[..<count], as: UTF8.self) == String(cString: real) ? pid : nil
  }

  /// Starts the server and waits until it takes connections.
  package func start() async throws {
    if runningPID != nil { return }
    // Both name a pid that is dead, a zombie or by now somebody else's; the server would take it for a running one.
    unlink(data + "/postmaster.pid")
    if let port = configuredPort { unlink("\(socketFolder)/.s.PGSQL.\(port).lock") }
    try ServerFiles.makeFolder(socketFolder, owner: owner)
    let output = try await asOwner([
      programs.path("pg_ctl"), "-D", data, "-l", log, "-w", "-t", "120", "-s", "start",
    ]).run()
    guard output.succeeded else {
      let last = (ServerFiles.read(log) ?? "").split(separator: "\n").suffix(5).joined(separator: "\n")
      throw SandboxError("the server did not start: \(last)", hint: "the whole log is in \(log)")
    }
  }

  package enum StopMode: String, Sendable { case fast, immediate, smart }

  package func stop(_ mode: StopMode = .fast) async throws {
    guard runningPID != nil else { return }
    try await checked([programs.path("pg_ctl"), "-D", data, "-m", mode.rawValue, "-w", "-s", "stop"])
  }

  /// As a superuser through the socket, which only we can reach: no password in it.
  package func socketTarget(
    database: String = "postgres", port: Int, user: String = LocalCluster.superuser
  ) -> ConnectionString {
    ConnectionString(
      "postgresql://\(LocalCluster.encoded(user))@/\(LocalCluster.encoded(database))"
        + "?host=\(LocalCluster.encoded(socketFolder))&port=\(port)")
  }

  /// Over loopback TCP, with the password.
  package func networkTarget(database: String = "postgres", port: Int) -> ConnectionString {
    ConnectionString(
      "postgresql://\(LocalCluster.superuser):\(LocalCluster.encoded(password ?? ""))@127.0.0.1:\(port)"
        + "/\(LocalCluster.encoded(database))")
  }

  // MARK: Parts

  package func asOwner(_ arguments: [String]) -> Command {
    let command = Command(arguments, additions: marks, directory: "/", timeout: .seconds(180))
    return owner.map { command.asUser($0) } ?? command
  }

  private func checked(_ arguments: [String]) async throws {
    let output = try await asOwner(arguments).run()
    guard output.succeeded else {
      let name = arguments[0].split(separator: "/").last.map(String.init) ?? arguments[0]
      throw SandboxError("\(name) failed (\(output.status)): \(output.errorText)")
    }
  }

  static func newPassword() -> String {
    var source = SystemRandomNumberGenerator()
    let letters = Array("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
    return String((0..<32).map { _ in letters[Int.random(in: letters.indices, using: &source)] })
  }

  /// Percent-encoding for any part of a URI.
  static func encoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { out, byte in
      let scalar = Unicode.Scalar(byte)
      let plain = byte < 128 && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-._~".unicodeScalars.contains(scalar))
      out += plain ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
  }
}
