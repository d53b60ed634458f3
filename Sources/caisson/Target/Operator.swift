import ChildProcess
import Glibc

/// Who gives an order by hand, as the journal keeps it.
enum Operator {
  /// `user@host`
  static var name: String {
    var host = [CChar](repeating: 0, count: 256)
    let known = gethostname(&host, host.count - 1) == 0
    let bytes = host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return "\(Account.current ?? "user")@\(known ? String(decoding: bytes, as: UTF8.self) : "localhost")"
  }
}
