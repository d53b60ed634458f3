/// A failure told by PostgreSQL, by libpq, or by the way to them.
///
/// `detail` may hold row values: it never takes part in `description`; read it only where it will not be stored.
package struct PostgresError: Error, Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, Codable {
    /// There is no usable connection (any more).
    case connection
    /// The server refused the statement; the connection is good.
    case server
    /// We asked for it: the task was cancelled or `CancelToken.cancel()` was called.
    case canceled
    /// SQLSTATE 57014 that we did not ask for: `statement_timeout`, or another session's `pg_cancel_backend`.
    case statementTimeout
    /// The statement does not fit the way it was sent.
    case protocolViolation
    /// The connection broke after COMMIT was sent: whether it took place has to be read back.
    case commitUnknown
  }

  package var kind: Kind
  package var sqlState: String?
  /// `ERROR`, `FATAL` or `PANIC`, never localized.
  package var severity: String?
  package var message: String
  /// May hold row values.
  package var detail: String?
  package var hint: String?
  /// One-based character position in `statement`.
  package var position: Int?
  package var schema: String?
  package var table: String?
  package var column: String?
  package var constraint: String?
  /// The statement's text, never its bound values.
  package var statement: String?

  package init(_ kind: Kind, _ message: String, sqlState: String? = nil, hint: String? = nil, statement: String? = nil) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
    self.hint = hint
    self.statement = statement
  }

  /// True when the same work may succeed on a new connection.
  package var isConnectionLoss: Bool { kind == .connection || kind == .commitUnknown }
}

extension PostgresError: CustomStringConvertible {
  package var description: String {
    guard let sqlState else { return message }
    return "\(message) (SQLSTATE \(sqlState))"
  }
}

extension PostgresError {
  /// The error of a task that was cancelled before anything was sent.
  static var canceled: PostgresError { PostgresError(.canceled, "canceled") }

  /// The same failure seen by a caller whose COMMIT was on its way.
  func afterCommitWasSent() -> PostgresError {
    var error = self
    error.kind = .commitUnknown
    return error
  }
}
