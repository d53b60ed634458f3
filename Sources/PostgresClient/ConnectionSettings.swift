/// How we connect, besides what the connection string says.
package struct ConnectionSettings: Sendable {
  /// Shown in `pg_stat_activity`; replaces what the connection string says.
  package var applicationName: String?
  /// Used where neither the string, nor its service, nor PGCONNECT_TIMEOUT says otherwise.
  package var connectTimeout: Duration
  /// Pinned for the whole session: only on a direct connection.
  package var pins: PinnedSettings?
  /// libpq parameters that replace those of the string.
  package var overrides: [String: String]
  /// Called on the connection's thread: quick, and never back into the connection.
  package var onNotice: (@Sendable (Notice) -> Void)?
  /// PgBouncer's console: no queries of our own, only `script`.
  package var adminConsole: Bool
  /// What a reference that a statement binds stands for; asked just before the statement is sent.
  package var secrets: SecretLookup?

  package typealias SecretLookup = @Sendable (_ reference: String) -> Result<String, PostgresError>

  package init(
    applicationName: String? = nil, connectTimeout: Duration = .seconds(10), pins: PinnedSettings? = nil,
    overrides: [String: String] = [:], adminConsole: Bool = false, onNotice: (@Sendable (Notice) -> Void)? = nil
  ) {
    self.applicationName = applicationName
    self.connectTimeout = connectTimeout
    self.pins = pins
    self.overrides = overrides
    self.adminConsole = adminConsole
    self.onNotice = onNotice
  }
}
