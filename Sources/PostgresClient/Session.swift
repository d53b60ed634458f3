import CPostgres
import SQLText

/// Owns one libpq connection. Unchecked: it is made on its connection's thread and used nowhere else.
final class Session: @unchecked Sendable {
  let conn: OpaquePointer
  let cancelHandle: CancelHandle
  let notices: NoticeBox
  let redacted: String
  private(set) var backendPID: Int32 = 0
  var prepared = PreparedStatements()
  /// What statements bind by reference.
  var secrets = SessionSecrets(nil) { didSet { notices.mask(with: secrets) } }

  init(conn: OpaquePointer, cancelHandle: CancelHandle, notices: NoticeBox, redacted: String) {
    self.conn = conn
    self.cancelHandle = cancelHandle
    self.notices = notices
    self.redacted = redacted
    notices.install(on: conn)
    PQsetErrorVerbosity(conn, PQERRORS_DEFAULT)
  }

  deinit { PQfinish(conn) }

  /// The server's last word has come, though libpq may not have seen the socket close.
  var lost = false
  var isOpen: Bool { !lost && PQstatus(conn) == CONNECTION_OK }
  var inTransaction: Bool { PQtransactionStatus(conn) == PQTRANS_INTRANS || inFailedTransaction }
  var inFailedTransaction: Bool { PQtransactionStatus(conn) == PQTRANS_INERROR }

  /// Asks the backend who it is and pins the session.
  func identify(_ settings: ConnectionSettings) throws(PostgresError) {
    backendPID = PQbackendPID(conn)
    guard !settings.adminConsole else { return }
    let answer = try query("SELECT pg_catalog.pg_backend_pid()")
    backendPID = answer.value.flatMap { Int32($0) } ?? backendPID
    if let pins = settings.pins {
      _ = try query(pins.sql(forVersion: Int(PQserverVersion(conn)), local: false))
    }
  }

  /// One statement in the extended protocol.
  func query(_ sql: SQL) throws(PostgresError) -> QueryResult {
    let sql = try secrets.resolved(sql)
    let text = sql.text, binds = sql.binds
    try refuseZeroBytes(text, binds)
    let sent = withCStrings(binds) { PQsendQueryParams(conn, text, CInt(binds.count), nil, $0, nil, nil, 0) }
    return try one(sent, statement: text)
  }

  /// Any number of statements in the simple protocol; the first error ends them.
  func script(_ text: String) throws(PostgresError) -> [QueryResult] {
    try refuseZeroBytes(text, [])
    return try collect(PQsendQuery(conn, text), statement: text)
  }

  /// The answer to one statement that was sent.
  func one(_ sent: CInt, statement: String) throws(PostgresError) -> QueryResult {
    guard let result = try collect(sent, statement: statement).last else {
      throw PostgresError(result: nil, conn: conn, statement: statement)
    }
    return result
  }

  /// Every answer to what was sent. Of several errors the first counts: a lost connection's SQLSTATE comes before
  /// libpq's own word that it is lost, which is all that PQexec would keep.
  private func collect(_ sent: CInt, statement: String) throws(PostgresError) -> [QueryResult] {
    guard sent == 1 else { throw PostgresError(result: nil, conn: conn, statement: statement) }
    var results: [QueryResult] = []
    var failure: PostgresError?
    while let result = PQgetResult(conn) {
      defer { PQclear(result) }
      do throws(PostgresError) {
        results.append(try read(result, statement: statement))
      } catch {
        failure = failure ?? error
      }
      if !isOpen { break }
    }
    if failure?.kind == .connection { lost = true }
    if let failure { throw failure }
    return results
  }

  /// Rows and tag of a result, or its error. A COPY that was not asked for is ended first.
  func read(_ result: OpaquePointer?, statement: String) throws(PostgresError) -> QueryResult {
    switch PQresultStatus(result) {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY, PGRES_SINGLE_TUPLE:
      return QueryResult(result)
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
      abandonCopy()
      throw PostgresError(.protocolViolation, "COPY needs copyIn or copyOut", statement: statement)
    default:
      throw secrets.masked(PostgresError(result: result, conn: conn, statement: statement))
    }
  }

  /// Ends a transaction whatever its state; true when the connection is good afterwards.
  @discardableResult
  func rollback() -> Bool {
    guard isOpen else { return false }
    guard inTransaction else { return isOpen && PQtransactionStatus(conn) == PQTRANS_IDLE }
    PQclear(PQexec(conn, "ROLLBACK"))
    return isOpen && PQtransactionStatus(conn) == PQTRANS_IDLE
  }

  /// libpq takes C strings: what follows a zero byte would be lost silently.
  func refuseZeroBytes(_ text: String, _ binds: [String?]) throws(PostgresError) {
    guard text.hasZeroByte || binds.contains(where: { $0?.hasZeroByte ?? false }) else { return }
    throw PostgresError(.server, "text with a zero byte cannot be sent", sqlState: "22021", statement: nil)
  }
}

extension QueryResult {
  init(_ result: OpaquePointer?) {
    let width = PQnfields(result), height = PQntuples(result)
    let columns = (0..<width).map { String(cString: PQfname(result, $0)) }
    rows = (0..<height).map { row in
      Row(columns: columns, values: (0..<width).map { QueryResult.text(result, row, $0) })
    }
    tag = String(cString: PQcmdStatus(result))
    affected = Int(String(cString: PQcmdTuples(result))) ?? 0
  }

  private static func text(_ result: OpaquePointer?, _ row: CInt, _ column: CInt) -> String? {
    guard PQgetisnull(result, row, column) == 0, let start = PQgetvalue(result, row, column) else { return nil }
    let length = Int(PQgetlength(result, row, column))
    return start.withMemoryRebound(to: UInt8.self, capacity: length) {
      String(decoding: UnsafeBufferPointer(start: $0, count: length), as: UTF8.self)
    }
  }
}
