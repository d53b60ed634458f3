package import SQLText

/// Session state that work must not inherit from a role, a database or a pooler.
package struct PinnedSettings: Sendable, Hashable {
  /// `pg_temp` last, so that nobody's temporary table hides a real one.
  package var searchPath = "pg_catalog, pg_temp"
  package var statementTimeout: Duration = .zero
  package var lockTimeout: Duration = .zero
  package var idleInTransactionTimeout: Duration = .zero
  package var synchronousCommit = "on"
  /// Only superusers and roles granted SET on it may change it.
  package var deadlockTimeout: Duration?
  /// Becomes the current role, after everything else.
  package var role: String?
  /// Further settings by name.
  package var others: [String: String] = [:]

  package init() {}

  package init(
    searchPath: String = "pg_catalog, pg_temp", statementTimeout: Duration = .zero, lockTimeout: Duration = .zero,
    idleInTransactionTimeout: Duration = .zero, role: String? = nil
  ) {
    self.searchPath = searchPath
    self.statementTimeout = statementTimeout
    self.lockTimeout = lockTimeout
    self.idleInTransactionTimeout = idleInTransactionTimeout
    self.role = role
  }

  /// One statement that sets them all: for this transaction, or for the session when `local` is false.
  package func sql(forVersion version: Int, local: Bool = true) -> SQL {
    let calls = values(forVersion: version).map { name, value -> SQL in
      "pg_catalog.set_config(\(literal: name), \(value), \(sql: local ? "true" : "false"))"
    }
    return "SELECT " + calls.joined(separator: ", ")
  }

  /// Names and values in the order they are set.
  func values(forVersion version: Int) -> [(name: String, value: String)] {
    var list = [
      (name: "search_path", value: searchPath),
      ("statement_timeout", milliseconds(statementTimeout)),
      ("lock_timeout", milliseconds(lockTimeout)),
      ("idle_in_transaction_session_timeout", milliseconds(idleInTransactionTimeout)),
      ("synchronous_commit", synchronousCommit),
      ("row_security", "off"),
      ("DateStyle", "ISO, YMD"),
      ("IntervalStyle", "postgres"),
      ("TimeZone", "UTC"),
      ("default_tablespace", ""),
      ("client_encoding", "UTF8"),
      ("standard_conforming_strings", "on"),
      // What we ask of the catalog is estimated far too high: compiling it took 0.5 to 1 s where the query takes 10 ms.
      ("jit", "off"),
    ]
    // Since 17; it ends the session, so a value set for the role would kill long work.
    if version >= 170_000 { list.append(("transaction_timeout", "0")) }
    if let deadlockTimeout { list.append(("deadlock_timeout", milliseconds(deadlockTimeout))) }
    list += others.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    if let role { list.append(("role", role)) }
    return list
  }

  /// Rounded up: a tenth of a millisecond must not become 0, which means "no limit".
  private func milliseconds(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    return String(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
