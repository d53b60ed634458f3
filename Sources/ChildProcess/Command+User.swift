import Glibc

extension Command {
  /// The same program as another user, when we are root; PostgreSQL's server programs refuse to run as root.
  package func asUser(_ name: String) -> Command {
    guard geteuid() == 0 else { return self }
    var command = self
    command.arguments = ["setpriv", "--reuid=\(name)", "--regid=\(Account.group(name))", "--clear-groups", "--"] + arguments
    command.additions.merge(["HOME": Account.home(name), "USER": name]) { own, _ in own }
    return command
  }
}

/// Operating system users.
package enum Account {
  package static var isRoot: Bool { geteuid() == 0 }

  /// Who runs a server for root: `postgres` where there is one, else `nobody`; `nil` when we are not root.
  package static var forServer: String? {
    guard isRoot else { return nil }
    return id("postgres") == nil ? "nobody" : "postgres"
  }

  package static func id(_ name: String) -> (user: UInt32, group: UInt32)? { entry(name).map { ($0.user, $0.group) } }

  package static var current: String? { entry(uid: geteuid()) }

  /// Whose file it is.
  package static func owner(of path: String) -> String? {
    var about = Glibc.stat()
    return stat(path, &about) == 0 ? entry(uid: about.st_uid) : nil
  }

  static func group(_ name: String) -> String { id(name).map { String($0.group) } ?? name }
  static func home(_ name: String) -> String { entry(name)?.home ?? "/" }

  private static func entry(_ name: String) -> (user: UInt32, group: UInt32, home: String)? {
    var record = passwd(), found: UnsafeMutablePointer<passwd>?
    var room = [CChar](repeating: 0, count: 16384)
    guard getpwnam_r(name, &record, &room, room.count, &found) == 0, found != nil else { return nil }
    return (record.pw_uid, record.pw_gid, record.pw_dir.map { String(cString: $0) } ?? "/")
  }

  private static func entry(uid: uid_t) -> String? {
    var record = passwd(), found: UnsafeMutablePointer<passwd>?
    var room = [CChar](repeating: 0, count: 16384)
    guard getpwuid_r(uid, &record, &room, room.count, &found) == 0, found != nil else { return nil }
    return record.pw_name.map { String(cString: $0) }
  }
}
