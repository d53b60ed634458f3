import FoundationEssentials
import Glibc

/// This process as the journal knows it: pids are reused, boots are not.
package struct RunnerIdentity: Sendable {
  package let id: String
  package let host: String
  package let bootID: String
  package let pid: Int
  /// Process start in clock ticks since boot (proc(5), field 22).
  package let start: String

  package static func current() -> RunnerIdentity {
    RunnerIdentity(
      id: UUID().uuidString.lowercased(), host: hostName(), bootID: bootIDNow(), pid: Int(getpid()),
      start: processStart(Int(getpid())) ?? "")
  }

  /// True when a runner of this host cannot be alive any more: another boot, no such process, or another one.
  package static func isDead(host: String, bootID: String, pid: Int, start: String) -> Bool {
    guard host == hostName() else { return false }
    if bootID != bootIDNow() { return true }
    return processStart(pid) != start
  }

  private static func bootIDNow() -> String { firstLine("/proc/sys/kernel/random/boot_id") ?? "" }

  private static func hostName() -> String { firstLine("/proc/sys/kernel/hostname") ?? "localhost" }

  /// The command in parentheses may hold anything: fields count from the last one.
  private static func processStart(_ pid: Int) -> String? {
    guard let line = firstLine("/proc/\(pid)/stat"), let close = line.lastIndex(of: ")") else { return nil }
    let fields = line[line.index(after: close)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z" else { return nil }
    return String(fields[19])
  }

  private static func firstLine(_ path: String) -> String? {
    (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").first.map(String.init)
  }
}
