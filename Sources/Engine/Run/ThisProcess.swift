import FoundationEssentials
import Glibc
package import Journal

/// This process as the journal knows it: pids are reused, boots are not.
package enum ThisProcess {
  package static func identity() -> RunnerIdentity {
    RunnerIdentity(
      id: UUID().uuidString.lowercased(), host: host, bootID: boot(), processID: Int(getpid()),
      processStart: processStart(Int(getpid())) ?? "", version: EngineVersion.text)
  }

  /// `CAISSON_HOST`, or the machine's name. Containers that are made anew under chance names set it.
  package static var host: String {
    if let name = getenv("CAISSON_HOST").map({ String(cString: $0) }), !name.isEmpty { return name }
    return firstLine("/proc/sys/kernel/hostname") ?? "localhost"
  }

  /// True when a runner of this host cannot be alive any more: another boot, no such process, or another one.
  package static func isDead(host: String, bootID: String, pid: Int, start: String) -> Bool {
    guard host == self.host, machine(of: bootID) == machine(of: boot()) else { return false }
    if bootID != boot() { return true }
    // Pids of another container on the same machine say nothing here.
    guard space(of: start) == pidSpace() else { return false }
    return processStart(pid) != start
  }

  /// `MACHINE/BOOT`: machines may share a name.
  private static func boot() -> String {
    (firstLine("/etc/machine-id") ?? "") + "/" + (firstLine("/proc/sys/kernel/random/boot_id") ?? "")
  }

  /// When a process of this host began; `nil`: it is gone.
  static func start(of pid: Int) -> String? { processStart(pid) }

  private static func machine(of boot: String) -> Substring { boot.prefix { $0 != "/" } }
  private static func space(of start: String) -> Substring { start.prefix { $0 != "/" } }

  /// The inode of the namespace that pids are numbered in.
  private static func pidSpace() -> Substring {
    var status = stat()
    return stat("/proc/self/ns/pid", &status) == 0 ? Substring(String(status.st_ino)) : ""
  }

  /// `NAMESPACE/TICKS`. The command in parentheses may hold anything: fields count from the last one.
  private static func processStart(_ pid: Int) -> String? {
    guard let line = firstLine("/proc/\(pid)/stat"), let close = line.lastIndex(of: ")") else { return nil }
    let fields = line[line.index(after: close)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z" else { return nil }
    return "\(pidSpace())/\(fields[19])"
  }

  private static func firstLine(_ path: String) -> String? {
    (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").first.map(String.init)
  }
}
