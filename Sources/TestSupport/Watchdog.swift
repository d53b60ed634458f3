import ChildProcess
import Glibc
import Sandbox

/// A shell in a session of its own that waits for the end of our pipe, which the kernel closes however we die, and then
/// stops what would outlive us.
final class Watchdog: Sendable {
  private let pipe: CInt

  /// Stops the server and removes its folder.
  convenience init(_ server: LocalCluster) throws {
    let stop = server.asOwner([
      server.programs.path("pg_ctl"), "-D", server.data, "-m", "immediate", "-w", "-s", "stop",
    ]).arguments
    try self.init(
      #"folder=$1; socket=$2; shift 2; cat >/dev/null; "$@"; rm -rf "$folder" "$socket""#,
      [server.folder, server.socketFolder] + stop)
  }

  /// Ends a process of that name; the pid may be somebody else's by then.
  convenience init(ending pid: Int32, named name: String) throws {
    try self.init(
      #"cat >/dev/null; [ "$(cat /proc/$1/comm)" = "$2" ] && kill -9 "$1""#, [String(pid), name])
  }

  private init(_ script: String, _ arguments: [String]) throws {
    var ends: [CInt] = [0, 0]
    guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw SandboxError("socketpair failed")
    }
    pipe = ends[0]
    defer { close(ends[1]) }
    let command = Command(["sh", "-c", script, "watchdog"] + arguments, directory: "/")
    // Left as a zombie it would keep the testing library's monitor of children spinning on a core.
    Command.reapWhenDone(try command.startDetached(input: ends[1]))
  }

  deinit { close(pipe) }
}
