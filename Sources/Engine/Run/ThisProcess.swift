import FoundationEssentials
import Glibc
package import Journal

/// This process as the journal knows it: pids are reused, boots are not.
package enum ThisProcess {
  package static func identity() -> RunnerIdentity {
    RunnerIdentity(
      id: UUID().uuidString.lowercased(), host: hostName(), bootID: bootIDNow(), processID: Int(getpid()),
      processStart: processStart(Int(getpid())) ?? "", version: EngineVersion.text)
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
