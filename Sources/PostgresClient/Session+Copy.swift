import CPostgres
import SQLText

extension Session {
  /// Starts a COPY; throws when the statement is refused or is no COPY of that direction.
  func startCopy(_ sql: SQL, expecting direction: ExecStatusType) throws(PostgresError) {
    let text = sql.text
    try refuseZeroBytes(text, [])
    let result = PQexecParams(conn, text, 0, nil, nil, nil, nil, 0)
    defer { PQclear(result) }
    if PQresultStatus(result) == direction { return }
    _ = try read(result, statement: text)
    throw PostgresError(.protocolViolation, "the statement is no COPY of that direction", statement: text)
  }

  /// Hands every chunk (a row in text format) to `body`; the server waits while it works.
  func copyOut(_ sql: SQL, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> QueryResult {
    try startCopy(sql, expecting: PGRES_COPY_OUT)
    while true {
      var chunk: UnsafeMutablePointer<CChar>?
      let length = PQgetCopyData(conn, &chunk, 0)
      guard length > 0 else { break }
      defer { PQfreemem(chunk) }
      do {
        try body(UnsafeRawBufferPointer(start: chunk, count: Int(length)))
      } catch {
        cancelHandle.send()
        abandonCopy()
        throw error
      }
    }
    return try endOfCopy(sql.text)
  }

  func putCopy(_ bytes: [UInt8], statement: String) throws(PostgresError) {
    let step = 256 * 1024
    for start in stride(from: 0, to: bytes.count, by: step) {
      let sent = bytes[start..<min(start + step, bytes.count)].withUnsafeBytes {
        PQputCopyData(conn, $0.bindMemory(to: CChar.self).baseAddress, CInt($0.count))
      }
      if sent != 1 { throw PostgresError(result: nil, conn: conn, statement: statement) }
    }
  }

  /// `reason` makes the server fail the COPY and so undo it.
  func endCopyIn(_ statement: String, reason: String?) throws(PostgresError) -> QueryResult {
    guard PQputCopyEnd(conn, reason) == 1 else {
      throw PostgresError(result: nil, conn: conn, statement: statement)
    }
    return try endOfCopy(statement)
  }

  private func endOfCopy(_ statement: String) throws(PostgresError) -> QueryResult {
    var outcome: QueryResult?
    var failure: PostgresError?
    while let result = PQgetResult(conn) {
      defer { PQclear(result) }
      do throws(PostgresError) { outcome = try read(result, statement: statement) } catch { failure = failure ?? error }
      if !isOpen { break }
    }
    if let failure { throw failure }
    guard let outcome else { throw PostgresError(result: nil, conn: conn, statement: statement) }
    return outcome
  }

  /// Brings the connection out of copy mode, whatever was going on.
  func abandonCopy() {
    while isOpen, let result = PQgetResult(conn) {
      let status = PQresultStatus(result)
      PQclear(result)
      if status == PGRES_COPY_IN || status == PGRES_COPY_BOTH { PQputCopyEnd(conn, "abandoned") }
      guard status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH else { continue }
      var chunk: UnsafeMutablePointer<CChar>?
      while PQgetCopyData(conn, &chunk, 0) > 0 { PQfreemem(chunk) }
    }
  }
}
