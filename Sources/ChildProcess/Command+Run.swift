import Glibc
import Synchronization

extension Command {
  /// Runs the program to its end. A cancelled task stops it as a timeout does.
  package func run() async throws(SpawnError) -> CommandOutput {
    let wake = try Wake()
    let outcome: Result<CommandOutput, SpawnError> = await withTaskCancellationHandler {
      await withCheckedContinuation { waiting in
        BlockingThread.start {
          waiting.resume(returning: Result { () throws(SpawnError) in try self.supervise(wake) })
        }
      }
    } onCancel: {
      wake.send(Supervision.cancel)
    }
    return try outcome.get()
  }

  private func supervise(_ wake: Wake) throws(SpawnError) -> CommandOutput {
    let input = try Descriptors.file(holding: self.input)
    defer { close(input) }
    let out = try Descriptors.pipe()
    defer { close(out.read) }
    let errors: (read: CInt, write: CInt)
    do throws(SpawnError) { errors = try Descriptors.pipe() } catch {
      close(out.write)
      throw error
    }
    defer { close(errors.read) }
    let streams = Spawn.Streams(input: input, output: out.write, errors: errors.write)
    let started = Result { () throws(SpawnError) in
      try Spawn.start(self, streams, newSession ? .session : .group)
    }
    close(out.write)
    close(errors.write)
    let pid = try started.get()
    BlockingThread.start {
      // Leaves the zombie in place, so that its pid cannot be given to a stranger before we are done with it.
      var info = siginfo_t()
      while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
      wake.send(Supervision.exited)
    }
    var supervision = Supervision(self, pid: pid, wake: wake.read, stdout: out.read, stderr: errors.read)
    return supervision.run()
  }

  /// Runs the program on our own terminal: it has our descriptors and our process group.
  package func runInForeground() async throws(SpawnError) -> Termination {
    let pid = try Spawn.start(self, Spawn.Streams(), .ours)
    return await withCheckedContinuation { waiting in
      BlockingThread.start { waiting.resume(returning: Supervision.reap(pid)) }
    }
  }

  /// Takes the exit status of a program that was started detached, whenever it ends.
  package static func reapWhenDone(_ pid: Int32) { BlockingThread.start { _ = Supervision.reap(pid) } }

  /// Starts the program in a session of its own and goes on. `input` becomes its descriptor 0 (`nil`: /dev/null),
  /// its output is appended to `log` or dropped. Returns its pid; whoever starts it here also reaps it, or leaves it.
  package func startDetached(input: Int32? = nil, log: String? = nil) throws(SpawnError) -> Int32 {
    let null = try Descriptors.null(O_RDWR)
    defer { close(null) }
    var output = null
    if let log {
      output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
      guard output >= 0 else {
        let code = errno
        throw SpawnError(program: log, code: code, reason: String(cString: strerror(code)))
      }
    }
    defer { if output != null { close(output) } }
    return try Spawn.start(self, Spawn.Streams(input: input ?? null, output: output, errors: output), .session)
  }
}

/// The pipe that tells the supervising thread to look up.
private final class Wake: Sendable {
  let read: CInt
  private let write: CInt

  init() throws(SpawnError) {
    (read, write) = try Descriptors.pipe()
  }

  deinit {
    close(read)
    close(write)
  }

  // Both ends live as long as this object, so there is always a reader: no SIGPIPE.
  func send(_ event: UInt8) { _ = withUnsafeBytes(of: event) { Glibc.write(write, $0.baseAddress, 1) } }
}
