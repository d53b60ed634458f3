import Glibc
import PluginAPI

/// Whether somebody listens already where PgBouncer is to listen.
enum ListenPort {
  static func expectFree(_ order: PoolerOrder) throws {
    guard let port = order.port else { return }
    for address in order.listen.isEmpty ? ["127.0.0.1"] : order.listen where isTaken(address, port) {
      throw PoolerAnswer.Problem(
        .port, "somebody listens on \(address):\(port) already",
        hint: "choose another listen.port, or, if it is the PgBouncer that these files are for, say so with `admin`")
    }
  }

  /// IPv4 addresses and `*`; of a name or an IPv6 address nothing is claimed.
  private static func isTaken(_ address: String, _ port: Int) -> Bool {
    let known = address == "*" ? "0.0.0.0" : address == "localhost" ? "127.0.0.1" : address
    let file = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard file >= 0 else { return false }
    defer { close(file) }
    // As PgBouncer does: a port whose last connections are just ending is free.
    var yes: CInt = 1
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    guard inet_pton(AF_INET, known, &name.sin_addr) == 1 else { return false }
    let failed = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) != 0
      }
    }
    return failed && errno == EADDRINUSE
  }
}
