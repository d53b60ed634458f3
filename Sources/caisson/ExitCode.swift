import CommandLineKit
import Engine
import Glibc
import Journal
import PlanSchema
import PostgresClient

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
    case is InvalidInput, is SecretUnavailable: self = .planInvalid
    case let error as EngineError: self.init(error.code)
    case let error as JournalError: self = error.problem == .unreadable ? .failed : .refused
    case let error as PostgresError: self = error.kind == .canceled ? .stopped : .failed
    default: self = .failed
    }
  }

  private init(_ code: EngineError.Code) {
    switch code {
    case .failed: self = .failed
    case .refused, .unusable: self = .refused
    case .interrupted: self = .stopped
    case .held: self = .heldByAnother
    case .drift: self = .drift
    case .blocked: self = .needsPerson
    case .unknown: self = .usage
    }
  }
}

extension ExitCode {
  /// Ends the process here and now.
  func leave() -> Never { _exit(rawValue) }
}
