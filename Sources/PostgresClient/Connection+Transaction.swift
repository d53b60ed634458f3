package import SQLText

package enum IsolationLevel: String, Sendable, Codable {
  case readCommitted = "READ COMMITTED"
  case repeatableRead = "REPEATABLE READ"
  case serializable = "SERIALIZABLE"
}

/// How a transaction ended.
package enum CommitOutcome<Value: Sendable>: Sendable {
  case committed(Value)
  case rolledBack(any Error)
  /// The connection broke after COMMIT was sent: read back whether it took place.
  case unknown(PostgresError)

  /// The value, or the error whatever its certainty.
  package func get() throws -> Value {
    switch self {
    case .committed(let value): return value
    case .rolledBack(let error): throw error
    case .unknown(let error): throw error
    }
  }
}

extension Connection {
  /// The statement that opens a transaction with everything stated.
  package static func begin(_ isolation: IsolationLevel = .readCommitted, readOnly: Bool = false) -> SQL {
    "BEGIN ISOLATION LEVEL \(sql: isolation.rawValue) \(sql: readOnly ? "READ ONLY" : "READ WRITE"), NOT DEFERRABLE"
  }

  /// BEGIN, the pins, `body`, COMMIT. Any error of the body, or the task's cancellation before COMMIT, rolls back.
  package func transaction<Value: Sendable>(
    isolation: IsolationLevel = .readCommitted, readOnly: Bool = false, pins: PinnedSettings? = nil,
    _ body: @Sendable (Connection) async throws -> Value
  ) async -> CommitOutcome<Value> {
    let value: Value
    do {
      let opening = [Connection.begin(isolation, readOnly: readOnly)]
      try await batch(opening + (pins.map { [$0.sql(forVersion: serverVersion)] } ?? []))
      value = try await body(self)
      try Task.checkCancellation()
    } catch {
      rollback()
      return .rolledBack(error)
    }
    do throws(PostgresError) {
      try commit()
      return .committed(value)
    } catch {
      rollback()
      return error.kind == .commitUnknown ? .unknown(error) : .rolledBack(error)
    }
  }
}
