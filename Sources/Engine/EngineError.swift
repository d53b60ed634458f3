import PostgresClient

/// Why a command of the engine ended without doing what was asked.
package struct EngineError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// Failed; can be resumed after a fix.
    case failed
    /// A finding, a missing acceptance or a closed gate refuses it.
    case refused
    /// Interrupted or paused; the checkpoint is saved.
    case interrupted
    /// Another runner holds it.
    case held
    /// The plan or the database is not what it was.
    case drift
    /// A person has to decide.
    case blocked
    /// There is nothing of that name.
    case unknown
    /// The journal or the target cannot be used as it is.
    case unusable
  }

  package var code: Code
  package var message: String
  /// What the operator does next: a sentence or the exact command.
  package var hint: String?
  package var step: String?
  package var operation: String?
  package var sqlState: String?
  /// Nobody answered in time.
  var isSilence = false

  package init(
    _ code: Code, _ message: String, hint: String? = nil, step: String? = nil, operation: String? = nil,
    sqlState: String? = nil
  ) {
    self.code = code
    self.message = message
    self.hint = hint
    self.step = step
    self.operation = operation
    self.sqlState = sqlState
  }

  package var description: String { message }
}
