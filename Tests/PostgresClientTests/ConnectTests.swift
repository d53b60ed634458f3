import Glibc
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database) struct ConnectTests {
  @Test("a connection knows its server, its backend and that nothing is in between")
  func direct() async throws {
    let connection = try await TestDatabase.current.connect()
    #expect(connection.serverVersion >= 150_000)
    #expect(!connection.isPooled)
    #expect(try await connection.query("SELECT pg_backend_pid()").value == "\(connection.backendPID)")
    #expect(await connection.parameterStatus("client_encoding") == "UTF8")
    #expect(await connection.isOpen)
    await connection.close()
    #expect(await !connection.isOpen)
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
    #expect(error?.kind == .connection)
  }

  @Test("our application name wins, the string's other parameters stay")
  func applicationName() async throws {
    let target = ConnectionString(TestDatabase.current.url + "&application_name=theirs&options=-c%20work_mem%3D7MB")
    let connection = try await Connection.connect(target, ConnectionSettings(applicationName: "ours"))
    let row = try await connection.query(
      "SELECT current_setting('application_name') AS name, current_setting('work_mem') AS mem").rows[0]
    #expect(row["name"] == "ours")
    #expect(row["mem"] == "7MB")
  }

  @Test("URI, keyword string, service, password file and environment all lead to the server")
  func forms() async throws {
    let database = TestDatabase.current, port = database.cluster.port
    let password = database.cluster.password
    try await TemporaryFolder.with { folder in
      let keywords = "host=127.0.0.1 port=\(port) user=postgres"
      let services = "[there]\nhost=127.0.0.1\nport=\(port)\nuser=postgres\ndbname=\(database.name)\n"
      try write(services, folder + "/services")
      try write("127.0.0.1:\(port):*:postgres:\(password)\n", folder + "/passwords")
      let expected = database.name
      let byURI = database.networkTarget.secret
      let byKeywords = "\(keywords) dbname=\(expected) password='\(password)'"
      let byFile = "\(keywords) dbname=\(expected) passfile=\(folder)/passwords"
      for text in [byURI, byKeywords, byFile] {
        let connection = try await Connection.connect(ConnectionString(text))
        #expect(try await connection.query("SELECT current_database()").value == expected)
      }
      await #expect(processExitsWith: .success) {
        [folder = folder as String, expected = expected as String, port = "\(port)" as String] in
        setenv("PGSERVICEFILE", folder + "/services", 1)
        setenv("PGPASSFILE", folder + "/passwords", 1)
        let served = try await Connection.connect(ConnectionString("service=there"))
        guard try await served.query("SELECT current_database()").value == expected else { exit(2) }
        for (name, value) in [("PGHOST", "127.0.0.1"), ("PGPORT", port), ("PGUSER", "postgres"), ("PGDATABASE", expected)] {
          setenv(name, value, 1)
        }
        let surrounded = try await Connection.connect(ConnectionString(""))
        guard try await surrounded.query("SELECT current_database()").value == expected else { exit(3) }
      }
    }
  }

  @Test("a wrong password is named as such and shown nowhere")
  func wrongPassword() async throws {
    let database = TestDatabase.current
    let target = database.cluster.networkTarget(user: "postgres", password: "s3cr3t-w0rd", database: database.name)
    let error = await #expect(throws: PostgresError.self) { try await Connection.connect(target) }
    let thrown = try #require(error)
    #expect(thrown.sqlState == "28P01")
    #expect(thrown.kind == .connection)
    #expect(thrown.nextStep?.contains("wrong password") == true)
    var dumped = ""
    dump(thrown, to: &dumped)
    dump(target, to: &dumped)
    #expect(!("\(thrown) \(target) \(String(reflecting: target)) \([target]) \(dumped)").contains("s3cr3t"))
    #expect(target.redacted == "postgresql://postgres@127.0.0.1:\(database.cluster.port)/\(database.name)")
  }

  @Test(
    "a string that cannot be read is refused without showing a piece of it",
    arguments: [
      "postgresql://me:s3cr3t@host:port:7/db", "password=my s3cr3t user=x", "s3cr3t", "postgres://u:s3cr3t@[::1/db",
      "postgresql://u:s3cr3t%zz@h/db", "host=h s3cr3t=1", "postgresql://u:p@s3cr3t@h/db", "postgresql://u:s3cr3t/x@h/db",
      "postgresql://u:12/s3cr3t@h/db",
    ])
  func unreadable(text: String) async throws {
    let error = await #expect(throws: PostgresError.self) { try await Connection.connect(ConnectionString(text)) }
    let thrown = try #require(error)
    #expect(!"\(thrown) \(thrown.hint ?? "") \(ConnectionString(text))".contains("s3cr3t"))
    #expect(thrown.message.contains("cannot be read"))
  }

  @Test("a database that is not there has its SQLSTATE, a port nobody listens on has none")
  func refused() async throws {
    let cluster = TestDatabase.current.cluster
    let missing = await #expect(throws: PostgresError.self) { try await cluster.connect(database: "nowhere") }
    #expect(missing?.sqlState == "3D000")
    let closed = await #expect(throws: PostgresError.self) {
      try await Connection.connect(ConnectionString("host=127.0.0.1 port=1 password=s3cr3t"))
    }
    #expect(closed?.sqlState == nil)
    #expect(closed?.kind == .connection)
    #expect(closed?.nextStep != nil)
  }

  @Test("of several hosts the one that answers is taken")
  func severalHosts() async throws {
    let database = TestDatabase.current
    let password = database.cluster.password
    let target = ConnectionString(
      "host=127.0.0.1,127.0.0.1 port=1,\(database.cluster.port) user=postgres dbname=\(database.name) password=\(password)")
    let connection = try await Connection.connect(target)
    #expect(await connection.isOpen)
  }

  @Test("connecting to a silent host ends by its timeout and by cancellation")
  func silent() async throws {
    let silent = try SilentListener()
    let target = ConnectionString("host=127.0.0.1 port=\(silent.port) sslmode=disable")
    let late = await #expect(throws: PostgresError.self) {
      try await Connection.connect(target, ConnectionSettings(connectTimeout: .seconds(2)))
    }
    #expect(late?.kind == .connection)
    let task = Task { try await Connection.connect(target, ConnectionSettings(connectTimeout: .seconds(600))) }
    try await Task.sleep(for: .milliseconds(100))
    task.cancel()
    let canceled = await #expect(throws: PostgresError.self) { try await task.value }
    #expect(canceled?.kind == .canceled)
  }

  @Test("another database of the same place keeps everything else")
  func otherDatabase() {
    let target = ConnectionString("postgresql://me:it's%20%5C@h:7/one?sslmode=require")
    let other = target.database("two'x")
    #expect(other.parameter("dbname") == "two'x")
    #expect(other.parameter("sslmode") == "require")
    #expect(other.parameter("password") == nil)
    #expect(other.secret.contains(#"password='it\'s \\'"#))
  }

  private func write(_ text: String, _ path: String) throws {
    let file = try #require(fopen(path, "w"))
    fputs(text, file)
    fclose(file)
    chmod(path, 0o600)
  }
}

/// Accepts connections (the kernel does) and never says a word.
final class SilentListener: Sendable {
  private let file: CInt
  let port: Int

  init() throws {
    file = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let file = self.file
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(file, $0, size) == 0 && listen(file, 8) == 0 && getsockname(file, $0, &size) == 0
      }
    }
    try #require(bound)
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(file) }
}
