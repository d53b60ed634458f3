/// A program to run: an argument list, never a shell line.
package struct Command: Sendable {
  package var arguments: [String]
  /// `nil` inherits ours.
  package var environment: [String: String]?
  /// Added to, or replacing parts of, the environment.
  package var additions: [String: String]
  package var directory: String?
  package var input: [UInt8]
  /// After this long its whole process group gets SIGTERM, and SIGKILL when `grace` has passed too.
  package var timeout: Duration?
  package var grace: Duration
  /// Bytes kept of each of the two streams; what comes after is read and dropped.
  package var outputLimit: Int
  /// A process session of its own, out of the terminal's reach; otherwise only a process group.
  package var newSession: Bool
  /// Called with each line as it comes, on the thread that reads it.
  package var onLine: (@Sendable (OutputStream, String) -> Void)?

  package init(
    _ arguments: [String], environment: [String: String]? = nil, additions: [String: String] = [:],
    directory: String? = nil, input: [UInt8] = [], timeout: Duration? = nil, grace: Duration = .seconds(5),
    outputLimit: Int = 1 << 20, newSession: Bool = false, onLine: (@Sendable (OutputStream, String) -> Void)? = nil
  ) {
    self.arguments = arguments
    self.environment = environment
    self.additions = additions
    self.directory = directory
    self.input = input
    self.timeout = timeout
    self.grace = grace
    self.outputLimit = outputLimit
    self.newSession = newSession
    self.onLine = onLine
  }
}

package enum OutputStream: Sendable { case stdout, stderr }

package enum Termination: Sendable, Hashable, CustomStringConvertible {
  case exited(Int32)
  case signaled(Int32)

  package var succeeded: Bool { self == .exited(0) }

  package var description: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .signaled(let number): "signal \(number)"
    }
  }
}

/// What a finished program left.
package struct CommandOutput: Sendable {
  package let status: Termination
  package let stdout: [UInt8]
  package let stderr: [UInt8]
  /// A stream had more than `outputLimit` bytes.
  package let truncated: Bool
  package let timedOut: Bool

  package var succeeded: Bool { status.succeeded && !timedOut }
  package var text: String { String(decoding: stdout, as: UTF8.self) }
  package var errorText: String { String(decoding: stderr, as: UTF8.self) }
}

/// A program that could not be started.
package struct SpawnError: Error, Sendable, CustomStringConvertible {
  package let program: String
  package let code: Int32
  package let reason: String
  package var hint: String? { code == 2 ? "is \(program) installed, and in PATH?" : nil }
  package var description: String { "cannot start \(program): \(reason)" }
}
