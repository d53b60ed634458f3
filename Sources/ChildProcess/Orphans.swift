import FoundationEssentials
import Glibc

/// Programs whose caisson has died, and what they started: found by a variable in the environment they began with
/// (proc(5), /proc/PID/environ), which needs no record and survives a crash at any moment.
package struct Orphans: Sendable {
  private let marker: [UInt8]

  /// Everything on this machine that was started with `variable` set to `value`, and that we may look at.
  package init(_ variable: String, _ value: String) { marker = Array("\(variable)=\(value)".utf8) }

  /// Their pids, ours never.
  package var alive: [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { $0 != getpid() && carriesMarker($0) }
  }

  /// SIGTERM, and SIGKILL to what is left after `grace`. Returns how many there were.
  package func end(grace: Duration = .seconds(5)) async -> Int {
    let found = alive
    for pid in found { kill(pid, SIGTERM) }
    let deadline = ContinuousClock.now + grace
    while !alive.isEmpty, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(50)) }
    // One may have started another meanwhile.
    for _ in 0..<20 where !alive.isEmpty {
      for pid in alive { kill(pid, SIGKILL) }
      try? await Task.sleep(for: .milliseconds(50))
    }
    return found.count
  }

  /// A zombie has no environment any more.
  private func carriesMarker(_ pid: Int32) -> Bool {
    guard let bytes = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/environ")) else { return false }
    return bytes.split(separator: 0).contains { $0.elementsEqual(marker) }
  }
}
