import Glibc
import Synchronization

package enum LoopbackPort {
  private static let given = Mutex<Set<Int>>([])

  /// A port nobody listens on just now, below those that the kernel gives to clients (`ip_local_port_range`, ip(7)), and
  /// never the same twice in one process; another process may take it before its user does.
  package static func free() throws(SandboxError) -> Int {
    for _ in 0..<1000 {
      let port = Int.random(in: choice)
      if given.withLock({ $0.insert(port).inserted }), isFree(port) { return port }
    }
    guard let port = bound(to: 0) else { throw SandboxError("no free port on 127.0.0.1") }
    return port
  }

  private static let choice: Range<Int> = {
    let first = ServerFiles.read("/proc/sys/net/ipv4/ip_local_port_range")?.split(whereSeparator: \.isWhitespace).first
    let end = first.flatMap { Int($0) } ?? 32768
    return end > 12_000 ? end - 10_000..<end : 20_000..<30_000
  }()

  package static func isFree(_ port: Int) -> Bool { bound(to: UInt16(clamping: port)) != nil }

  private static func bound(to wanted: UInt16) -> Int? {
    let file = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var yes: CInt = 1
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = wanted.bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        guard Glibc.bind(file, generic, size) == 0, getsockname(file, generic, &size) == 0 else { return nil }
        return Int(UInt16(bigEndian: pointer.pointee.sin_port))
      }
    }
  }
}
