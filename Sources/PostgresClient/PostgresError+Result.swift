import CPostgres

extension PostgresError {
  /// Reads the fields of a failed result; `conn` tells whether the connection outlived it.
  init(result: OpaquePointer?, conn: OpaquePointer, statement: String?) {
    let state = Diagnostic.sqlState(result)
    let primary = Diagnostic.text(result, Diagnostic.primaryMessage)
    let message = primary ?? PostgresError.clientMessage(conn)
    let severity = Diagnostic.text(result, Diagnostic.severity)
    // Without SQLSTATE libpq speaks: through a result when the connection failed, without one when it refused to send.
    let fatal = severity == "FATAL" || severity == "PANIC" || (result != nil && state == nil)
    let kind = PostgresError.kind(sqlState: state, fatal: fatal, conn: conn)
    self.init(kind, message, sqlState: state, statement: statement)
    self.severity = severity
    detail = Diagnostic.text(result, Diagnostic.detail)
    hint = Diagnostic.text(result, Diagnostic.hint)
    position = Diagnostic.text(result, Diagnostic.position).flatMap { Int($0) }
    schema = Diagnostic.text(result, Diagnostic.schema)
    table = Diagnostic.text(result, Diagnostic.table)
    column = Diagnostic.text(result, Diagnostic.column)
    constraint = Diagnostic.text(result, Diagnostic.constraint)
  }

  /// 08P01 is a pooler's way to say that the server connection is gone.
  private static func kind(sqlState: String?, fatal: Bool, conn: OpaquePointer) -> Kind {
    if PQstatus(conn) != CONNECTION_OK || fatal { return .connection }
    guard let sqlState else { return .protocolViolation }
    if sqlState.hasPrefix("08") { return .connection }
    return sqlState == "57014" ? .statementTimeout : .server
  }

  static func clientMessage(_ conn: OpaquePointer) -> String {
    let text = PQerrorMessage(conn).map { String(cString: $0) } ?? ""
    let first = text.split(separator: "\n").first.map(String.init)
    return first ?? "the connection to the server was lost"
  }
}

/// Field codes of the error and notice messages (libpq-fe.h, `PG_DIAG_…`): macros of characters that Swift cannot import.
enum Diagnostic {
  static let severity = code("V"), sqlStateField = code("C"), primaryMessage = code("M"), detail = code("D")
  static let hint = code("H"), position = code("P"), schema = code("s"), table = code("t"), column = code("c")
  static let constraint = code("n")

  private static func code(_ scalar: Unicode.Scalar) -> CInt { CInt(scalar.value) }

  static func text(_ result: OpaquePointer?, _ field: CInt) -> String? {
    guard let result, let text = PQresultErrorField(result, field) else { return nil }
    return String(cString: text)
  }

  static func sqlState(_ result: OpaquePointer?) -> String? { text(result, sqlStateField) }
}
