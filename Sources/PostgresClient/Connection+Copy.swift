import CPostgres
package import SQLText

extension Connection {
  /// COPY … TO STDOUT: every chunk is lent to `body`, and the server waits for it. Returns the number of rows.
  @discardableResult
  package func copyOut(_ sql: SQL, _ body: @Sendable (UnsafeRawBufferPointer) throws -> Void) async throws -> Int {
    var failure: (any Error)?
    let rows = try await cancelable { session throws(PostgresError) -> Int in
      do {
        return try session.copyOut(sql, body).affected
      } catch let error as PostgresError {
        throw error
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return rows
  }

  /// COPY … FROM STDIN: `next` gives bytes until `nil`; its error makes the server undo the COPY. Returns the rows.
  @discardableResult
  package func copyIn(_ sql: SQL, _ next: @Sendable () async throws -> [UInt8]?) async throws -> Int {
    try await cancelable { session throws(PostgresError) in try session.startCopy(sql, expecting: PGRES_COPY_IN) }
    let session = try opened(), text = sql.text
    do {
      while let bytes = try await next() {
        try Task.checkCancellation()
        try session.putCopy(bytes, statement: text)
      }
      try Task.checkCancellation()
    } catch {
      _ = try? session.endCopyIn(text, reason: "the client gave up")
      throw error is CancellationError ? PostgresError.canceled : error
    }
    return try await cancelable { session throws(PostgresError) in
      try session.endCopyIn(text, reason: nil).affected
    }
  }
}
