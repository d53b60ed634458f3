import CommandLineKit

/// What scripts read. Stable: a number never changes its meaning.
enum ExitCode: Int32, CaseIterable, Sendable {
  case done = 0
  /// Failed; can be resumed after a fix.
  case failed = 1
  case usage = 2
  case planInvalid = 3
  /// Interrupted or paused; the checkpoint is saved.
  case stopped = 4
  /// Refused, or waiting at a gate.
  case refused = 5
  case heldByAnother = 6
  case drift = 7
  /// Rolled back or canceled.
  case rolledBack = 8
  /// Blocked until a person has decided.
  case needsPerson = 9

  /// The only place where errors become codes.
  init(_ error: any Error) {
    switch error {
    case is UsageError, is ConfirmationPrompt.NobodyThere: self = .usage
    case is CancellationError: self = .stopped
    case let failure as CommandFailure: self = failure.problem.code
    default: self = .failed
    }
  }
}
