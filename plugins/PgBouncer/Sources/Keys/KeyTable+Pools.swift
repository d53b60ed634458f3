import PluginAPI

extension KeyTable {
  /// Of a line of `[databases]`.
  static let database: [BouncerKey] = [
    BouncerKey("dbname", .text, place: .database),
    BouncerKey("host", .text, place: .database),
    BouncerKey("port", .integer, place: .database),
    BouncerKey("user", .text, place: .database),
    BouncerKey("password", .text, place: .database),
    BouncerKey("auth_user", .text, place: .database),
    BouncerKey("auth_dbname", .text, since: 19, place: .database),
    BouncerKey("auth_query", .text, since: 22, place: .database),
    BouncerKey("pool_size", .integer, place: .database),
    BouncerKey("min_pool_size", .integer, place: .database),
    renamed(BouncerKey("reserve_pool", .integer, place: .database), to: "reserve_pool_size", since: 24),
    BouncerKey("reserve_pool_size", .integer, since: 24, place: .database),
    BouncerKey("max_db_connections", .integer, place: .database),
    BouncerKey("max_db_client_connections", .integer, since: 24, place: .database),
    BouncerKey("server_lifetime", .seconds, since: 23, place: .database),
    BouncerKey("load_balance_hosts", .words(["round-robin", "disable"]), since: 24, place: .database),
    BouncerKey("pool_mode", .words(poolModes), place: .database),
    BouncerKey("connect_query", .text, place: .database),
    BouncerKey("application_name", .text, place: .database),
    BouncerKey("client_encoding", .text, place: .database),
    BouncerKey("datestyle", .text, place: .database),
    BouncerKey("timezone", .text, place: .database),
  ]

  /// Of a line of `[users]`.
  static let user: [BouncerKey] = [
    BouncerKey("pool_mode", .words(poolModes), place: .user),
    BouncerKey("max_user_connections", .integer, place: .user),
    BouncerKey("pool_size", .integer, since: 23, place: .user),
    BouncerKey("reserve_pool_size", .integer, since: 24, place: .user),
    BouncerKey("max_user_client_connections", .integer, since: 24, place: .user),
    BouncerKey("query_timeout", .seconds, since: 24, place: .user),
    BouncerKey("idle_transaction_timeout", .seconds, since: 24, place: .user),
    BouncerKey("client_idle_timeout", .seconds, since: 24, place: .user),
    BouncerKey("transaction_timeout", .seconds, since: 25, place: .user),
  ]

  /// Read under its old name still, but not under the new one before.
  private static func renamed(_ key: BouncerKey, to name: String, since version: Int) -> BouncerKey {
    var key = key
    key.renamed = (name, BouncerVersion(version))
    return key
  }
}
