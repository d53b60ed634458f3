import ChildProcess
import Glibc
package import PostgresClient
import Sandbox
import Synchronization

/// Stands between a client and the server, knows where one statement ends and the next begins, and can cut the
/// connection at any of them. It listens on loopback and speaks no TLS.
///
/// A recording pass gives `points`; a test then runs the same work once per point with `cut`.
package final class CuttingProxy: Sendable {
  package let port: Int
  private let upstream: Int
  private let listener: CInt
  private let ledger = Mutex(CutLedger())
  private let stopped = Atomic<Bool>(false)

  /// `upstream`: the port on loopback where the server, or a pooler, listens.
  package init(to upstream: Int) throws {
    self.upstream = upstream
    (listener, port) = try Loopback.listen()
    BlockingThread.start { [weak self, listener] in
      while true {
        guard Loopback.isReadable(listener, milliseconds: 50) else {
          if self.map({ $0.stopped.load(ordering: .relaxed) }) ?? true { break }
          continue
        }
        let client = accept(listener, nil, nil)
        guard client >= 0 else { continue }
        Loopback.prepare(client)
        guard let self else { close(client); break }
        self.serve(client)
      }
      close(listener)
    }
  }

  deinit { stop() }

  /// No new connections; those there are, black holes too, are closed.
  package func stop() { stopped.store(true, ordering: .relaxed) }

  private func serve(_ client: CInt) {
    guard let server = try? Loopback.connect(upstream) else { close(client); return }
    ledger.withLock { $0.connected() }
    BlockingThread.start { [self] in
      var connection = ProxiedConnection(
        client: client, server: server,
        note: { statement in self.ledger.withLock { $0.note(statement.words, ends: statement.ends) } },
        isStopped: { self.stopped.load(ordering: .relaxed) })
      connection.run()
    }
  }

  // MARK: Use

  /// The statements that passed, in the order of sending.
  package var points: [CutPoint] { ledger.withLock { $0.points } }
  package var connections: Int { ledger.withLock { $0.connections } }
  /// The point that was cut, if it has come.
  package var fired: CutPoint? { ledger.withLock { $0.fired } }

  /// Cuts at that point, once. `action` runs first: while the statement has not been sent, or its answer not arrived.
  package func cut(_ point: CutPoint, _ moment: CutMoment, _ action: @escaping @Sendable () -> Void = {}) {
    ledger.withLock { $0.armed = (point, moment, action) }
  }

  /// A database of a test cluster as the superuser, through the proxy.
  package func target(_ database: TestDatabase) -> ConnectionString { target(database.cluster, database: database.name) }
  package func target(_ cluster: TestCluster, database: String = "postgres") -> ConnectionString {
    cluster.server.networkTarget(database: database, port: port)
  }
}

/// Sockets on 127.0.0.1.
enum Loopback {
  static func listen() throws -> (socket: CInt, port: Int) {
    let file = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var bound = try named(0) { bind(file, $0, $1) }
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let known = withUnsafeMutablePointer(to: &bound) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(file, $0, &size) }
    }
    guard known == 0, Glibc.listen(file, 128) == 0 else { throw SandboxError("cannot listen on 127.0.0.1") }
    return (file, Int(UInt16(bigEndian: bound.sin_port)))
  }

  static func connect(_ port: Int) throws -> CInt {
    let file = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    do {
      _ = try named(port) { Glibc.connect(file, $0, $1) }
    } catch {
      close(file)
      throw error
    }
    prepare(file)
    return file
  }

  /// Not inherited by programs that are started, never blocking, no waiting for more to send.
  static func prepare(_ file: CInt) {
    var yes: CInt = 1
    setsockopt(file, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
    _ = fcntl(file, F_SETFL, O_NONBLOCK)
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
  }

  static func isReadable(_ file: CInt, milliseconds: CInt) -> Bool {
    var one = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    return poll(&one, 1, milliseconds) > 0
  }

  private static func named(
    _ port: Int, _ call: (UnsafePointer<sockaddr>, socklen_t) -> CInt
  ) throws -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = UInt16(clamping: port).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { throw SandboxError("127.0.0.1:\(port): \(String(cString: strerror(errno)))") }
    return address
  }
}
