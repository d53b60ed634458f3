import Journal
import JSONText
import PostgresClient
import RunModel

/// What an error means for the step it stopped.
struct Failure {
  enum Kind {
    case replaced
    case interrupted
    /// What it needs is taken; try again soon.
    case busy(String)
    case person(String)
    case gate(ClosedGate)
    case error(EngineError)

    var isReplaced: Bool { if case .replaced = self { true } else { false } }
  }

  let cause: any Error
  init(_ cause: any Error) { self.cause = cause }

  var kind: Kind {
    switch cause {
    case is Replaced: .replaced
    case is Interrupted, is CancellationError: .interrupted
    case let busy as ResourcesTaken: .busy(busy.description)
    case let elsewhere as ElsewhereOnly: .busy(elsewhere.description)
    case let closed as GateClosed: .gate(closed.gate)
    case let person as NeedsPerson: .person(person.reason)
    default: .error(engineError)
    }
  }

  var isConnectionLoss: Bool { postgres?.isConnectionLoss ?? false }

  /// The phase is worth going through again from what the journal says.
  var looksAgain: Bool { isConnectionLoss || cause is PhaseRetry || cause is TaskMoved || FailureClass(sqlState: postgres?.sqlState) == .wrongNode }

  /// Worth another try of the same task.
  var retryReason: String? {
    switch cause {
    case let stall as StallExceeded: return stall.description
    case let putOff as PutOff: return putOff.error.message
    default:
      guard let error = postgres, FailureClass(sqlState: error.sqlState).isRetried, !error.isConnectionLoss else { return nil }
      return error.description
    }
  }

  var postgres: PostgresError? { cause as? PostgresError }

  var engineError: EngineError {
    switch cause {
    case let error as EngineError: error
    case let stall as StallExceeded:
      EngineError(
        .failed, stall.description, hint: "raise max_stall for this step, or end the transaction that holds the lock",
        sqlState: "55P03")
    case let retry as PhaseRetry: EngineError(.failed, retry.reason)
    case let putOff as PutOff: putOff.error
    default:
      if let error = postgres {
        EngineError(.failed, error.message, hint: error.nextStep, sqlState: error.sqlState)
      } else {
        EngineError(.failed, "\(cause)")
      }
    }
  }

  /// What of it the journal keeps: no DETAIL, no values.
  var record: ErrorRecord {
    if let error = postgres { return ErrorRecord(error) }
    return ErrorRecord(message: engineError.message, hint: engineError.hint, operation: engineError.operation)
  }
}

/// Another step holds what this one needs.
struct ResourcesTaken: Error, Sendable, CustomStringConvertible {
  let names: [String]
  var description: String { "waiting for \(names.joined(separator: ", "))" }
}

extension EngineError {
  func at(step: String) -> EngineError {
    var error = self
    error.step = error.step ?? step
    return error
  }
}

/// The step belongs to another host.
struct ElsewhereOnly: Error, CustomStringConvertible {
  let host: String
  var description: String { "it runs on \(host) only" }
}
