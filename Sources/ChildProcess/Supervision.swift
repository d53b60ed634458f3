import Dispatch
import Glibc

/// One child from spawn to reaping, on a thread that may block.
struct Supervision {
  private let command: Command
  private let pid: pid_t
  private let wake: CInt
  private var stdout: OutputCollector
  private var stderr: OutputCollector
  private var stopping = false
  private var killed = false
  private(set) var timedOut = false

  /// Bytes on the wake pipe.
  static let exited: UInt8 = 1, cancel: UInt8 = 2

  init(_ command: Command, pid: pid_t, wake: CInt, stdout: CInt, stderr: CInt) {
    self.command = command
    self.pid = pid
    self.wake = wake
    self.stdout = OutputCollector(stdout, .stdout, command)
    self.stderr = OutputCollector(stderr, .stderr, command)
    Descriptors.setNonblocking(wake)
  }

  /// Returns when the program itself has ended; descendants that keep its pipes open are not waited for.
  mutating func run() -> CommandOutput {
    var deadline = command.timeout.map { Supervision.now + $0 }
    while true {
      wait(until: deadline)
      stdout.readAvailable()
      stderr.readAvailable()
      let events = wakeEvents()
      if events.contains(Supervision.exited) { break }
      let late = deadline.map { Supervision.now >= $0 } ?? false
      guard late || events.contains(Supervision.cancel) else { continue }
      if !stopping && late { timedOut = true }
      deadline = stop(late: late) ? Supervision.now + command.grace : killed ? nil : deadline
    }
    return finish()
  }

  /// First SIGTERM, then SIGKILL. Returns true when a grace period starts.
  private mutating func stop(late: Bool) -> Bool {
    if !stopping {
      stopping = true
      kill(-pid, SIGTERM)
      return true
    }
    if late {
      killed = true
      kill(-pid, SIGKILL)
    }
    return false
  }

  private mutating func finish() -> CommandOutput {
    // A descendant that survived in the group has no more business once we had to stop the program.
    if stopping { kill(-pid, SIGKILL) }
    let status = Supervision.reap(pid)
    stdout.readAvailable()
    stderr.readAvailable()
    stdout.flushLine()
    stderr.flushLine()
    return CommandOutput(
      status: status, stdout: stdout.kept, stderr: stderr.kept,
      truncated: stdout.truncated || stderr.truncated, timedOut: timedOut)
  }

  private func wait(until deadline: Duration?) {
    var entries = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
    for stream in [stdout, stderr] where !stream.ended {
      entries.append(pollfd(fd: stream.file, events: Int16(POLLIN), revents: 0))
    }
    var limit: CInt = -1
    if let deadline {
      let left = (deadline - Supervision.now).components
      let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1
      limit = CInt(clamping: max(0, milliseconds))
    }
    poll(&entries, nfds_t(entries.count), limit)
  }

  private func wakeEvents() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = read(wake, &bytes, bytes.count)
    return count > 0 ? Array(bytes[..<count]) : []
  }

  private static var now: Duration { .nanoseconds(Int64(DispatchTime.now().uptimeNanoseconds)) }

  static func reap(_ pid: pid_t) -> Termination {
    var status: CInt = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .signaled(signal)
  }
}
