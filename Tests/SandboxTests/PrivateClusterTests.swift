import ChildProcess
import Glibc
import PostgresClient
import Sandbox
import SQLText
import TestSupport
import Testing

@Suite(.serialized, .ownTime(.minutes(8))) struct PrivateClusterTests {
  @Test("up makes, down stops, up brings the same data back")
  func lifeCycle() async throws {
    try await withHome { _ in
      let cluster = try PrivateCluster(name: "one")
      #expect(await !cluster.isRunning())
      #expect(throws: SandboxError.self) { try cluster.target() }
      let target = try await cluster.up()
      #expect(try await cluster.up() == target, "up twice is up once")
      try await cluster.createDatabase("app")
      try await cluster.createDatabase("app")
      try await query(try cluster.target(database: "app"), "CREATE TABLE kept AS SELECT 42 AS answer")
      try await cluster.down()
      try await cluster.down()
      #expect(await !cluster.isRunning())
      try await cluster.up()
      #expect(try await query(try cluster.target(database: "app"), "SELECT answer FROM kept") == "42")
      #expect(try await query(try cluster.target(), "SHOW fsync") == "on")
      #expect(try await query(try cluster.networkTarget(database: "app"), "SELECT answer FROM kept") == "42")
    }
  }

  @Test("two terminals at once make one server")
  func race() async throws {
    try await withHome { _ in
      let cluster = try PrivateCluster(name: "race")
      let targets = try await withThrowingTaskGroup(of: ConnectionString.self) { group in
        for _ in 0..<4 { group.addTask { try await PrivateCluster(name: "race").up() } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(targets.count == 1)
      #expect(try await query(try cluster.target(), "SELECT 1") == "1")
    }
  }

  @Test("a pid file left over, its pid now somebody else's, does not keep it down")
  func stalePID() async throws {
    try await withHome { _ in
      let cluster = try PrivateCluster(name: "stale")
      try await cluster.up()
      let pid = try #require(Int32(try await query(try cluster.target(), "SELECT pg_backend_pid()")))
      #expect(pid > 0)
      let file = cluster.folder + "/data/postmaster.pid"
      let server = try #require(ServerFiles.read(file)?.split(separator: "\n").first.flatMap { Int32($0) })
      let text = try #require(ServerFiles.read(file))
      kill(server, SIGKILL)
      while kill(server, 0) == 0, await cluster.isRunning() { try await Task.sleep(for: .milliseconds(10)) }
      try ServerFiles.write(text.replacing("\(server)\n", with: "\(getpid())\n"), to: file, owner: Account.forServer)
      #expect(await !cluster.isRunning())
      try await Task.sleep(for: .milliseconds(500))
      try await cluster.up()
      #expect(try await query(try cluster.target(), "SELECT 1") == "1")
    }
  }

  @Test("a port that somebody took is given up")
  func takenPort() async throws {
    try await withHome { _ in
      let cluster = try PrivateCluster(name: "port")
      let before = try await cluster.up()
      try await cluster.down()
      let port = try #require(Int(before.parameter("port") ?? ""))
      let taken = try Occupied(port)
      let after = try await cluster.up()
      #expect(after.parameter("port") != before.parameter("port"))
      withExtendedLifetime(taken) {}
    }
  }

  @Test("a folder too deep for a socket gets a short one; files are closed to others")
  func deep() async throws {
    let name = String(repeating: "n", count: 40)
    try await withHome(below: "/" + String(repeating: "d", count: 80)) { home in
      let cluster = try PrivateCluster(name: name)
      let target = try await cluster.up()
      #expect(target.parameter("host")?.hasPrefix("/tmp/caisson-") == true)
      #expect(try await query(target, "SELECT 1") == "1")
      for path in [cluster.folder, cluster.folder + "/password", target.parameter("host") ?? ""] {
        var about = stat()
        #expect(lstat(path, &about) == 0)
        #expect(about.st_mode & 0o077 == 0, "\(path) is open to others")
      }
      _ = try await Command(["rm", "-rf", target.parameter("host") ?? "/nonexistent"]).run()
    }
  }

  @Test("psql gets in without a password in its arguments")
  func psql() async throws {
    try await withHome { _ in
      let cluster = try PrivateCluster(name: "psql")
      try await cluster.up()
      let command = try await cluster.psqlCommand()
      let password = try #require(ServerFiles.read(cluster.folder + "/password")?.filter { $0 != "\n" })
      #expect(!command.joined(separator: " ").contains(password))
      let output = try await Command(command + ["-Atc", "SELECT 6 * 7"]).run()
      #expect(output.text == "42\n")
      let wrong = try cluster.networkTarget().secret.replacing(password, with: "wrong")
      let error = await #expect(throws: PostgresError.self) { try await Connection.connect(ConnectionString(wrong)) }
      #expect(error?.sqlState == "28P01")
    }
  }

  @Test("a name that would lead out of the folder is refused", arguments: ["../x", "", "a/b", ".hidden", "a b"])
  func names(name: String) {
    #expect(throws: SandboxError.self) { try PrivateCluster(name: name) }
  }

  @Test("root's sandbox is where the server's user can get", .enabled(if: geteuid() == 0))
  func unreachable() async throws {
    try await TemporaryFolder.with { folder in
      chmod(folder, 0o700)
      let owner = try #require(Account.forServer)
      #expect(!ServerFiles.isReachable(folder + "/a/b", by: owner))
      setenv("CAISSON_SANDBOX_HOME", folder, 1)
      defer { unsetenv("CAISSON_SANDBOX_HOME") }
      let error = #expect(throws: SandboxError.self) { try PrivateCluster(name: "x") }
      #expect(error?.hint != nil)
    }
  }

  // MARK: Parts

  @discardableResult
  private func query(_ target: ConnectionString, _ sql: SQL) async throws -> String {
    let connection = try await Connection.connect(target)
    let value = try await connection.query(sql).value
    await connection.close()
    return value ?? ""
  }

  private func withHome(below: String = "", _ body: (String) async throws -> Void) async throws {
    let top = try TemporaryFolder.make(), home = top + below
    setenv("CAISSON_SANDBOX_HOME", home, 1)
    func cleanUp() async throws {
      for name in ["one", "race", "stale", "port", "psql", String(repeating: "n", count: 40)] {
        try? await PrivateCluster(name: name).down()
      }
      unsetenv("CAISSON_SANDBOX_HOME")
      try await TemporaryFolder.remove(top)
    }
    do {
      try await body(home)
    } catch {
      try await cleanUp()
      throw error
    }
    try await cleanUp()
  }
}

/// Listens on a port of 127.0.0.1.
private final class Occupied {
  private let file: CInt

  init(_ port: Int) throws {
    file = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    let file = self.file
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(file, 4) == 0
      }
    }
    try #require(bound)
  }

  deinit { close(file) }
}
