/// How one batch of a pipeline ended.
package enum BatchOutcome: Sendable {
  /// Every statement ran; one result each.
  case done([QueryResult])
  /// Statement number `at` failed, the rest of the batch was skipped and its transaction rolled back.
  case failed(PostgresError, at: Int, completed: [QueryResult])

  /// The results, or the error.
  package func get() throws(PostgresError) -> [QueryResult] {
    switch self {
    case .done(let results): return results
    case .failed(let error, _, _): throw error
    }
  }

  package var error: PostgresError? {
    if case .failed(let error, _, _) = self { error } else { nil }
  }
}
