import CPostgres

extension Connection {
  /// A SCRAM-SHA-256 verifier of a password, as the server would store it; libpq computes it, nothing is sent.
  package func scramVerifier(user: String, password: String) throws(PostgresError) -> String {
    let session = try opened()
    guard let text = PQencryptPasswordConn(session.conn, password, user, "scram-sha-256") else {
      throw PostgresError(.protocolViolation, "libpq could not compute a SCRAM verifier")
    }
    defer { PQfreemem(text) }
    return String(cString: text)
  }
}
