import PluginAPI

/// Every setting of PgBouncer 1.18 to 1.25: of its documentation (doc/config.md and NEWS.md of each release), with
/// defaults as each release's program has them, which is what SHOW CONFIG prints.
enum KeyTable {
  static let authTypes = ["any", "trust", "plain", "md5", "cert", "hba", "pam", "scram-sha-256", "ldap"]
  static let tlsModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
  static let poolModes = ["session", "transaction", "statement"]

  static func keys(_ place: BouncerKey.Place) -> [BouncerKey] {
    switch place {
    case .ini: ini
    case .database: database
    case .user: user
    }
  }

  static func key(_ name: String, _ place: BouncerKey.Place) -> BouncerKey? { keys(place).first { $0.name == name } }

  /// Of the section `[pgbouncer]`.
  static let ini: [BouncerKey] = [
    BouncerKey("admin_users", .text, ""),
    BouncerKey("application_name_add_host", .boolean, "0"),
    BouncerKey("auth_dbname", .text, since: 19),
    BouncerKey("auth_file", .text),
    BouncerKey("auth_hba_file", .text, ""),
    BouncerKey("auth_ident_file", .text, since: 23),
    BouncerKey("auth_ldap_options", .text, since: 25),
    // The new one already in 1.24.1.
    BouncerKey(
      "auth_query", .text, "SELECT usename, passwd FROM pg_shadow WHERE usename=$1",
      changed: [
        (
          25,
          "SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END FROM pg_authid"
            + " WHERE rolname=$1 AND rolcanlogin"
        )
      ]),
    BouncerKey("auth_type", .words(authTypes), "md5"),
    BouncerKey("auth_user", .text),
    BouncerKey("autodb_idle_timeout", .seconds, "3600"),
    BouncerKey("cancel_wait_timeout", .seconds, "10", since: 19),
    BouncerKey("client_idle_timeout", .seconds, "0"),
    BouncerKey("client_login_timeout", .seconds, "60"),
    BouncerKey("client_tls13_ciphers", .text, since: 25),
    BouncerKey("client_tls_ca_file", .text, ""),
    BouncerKey("client_tls_cert_file", .text, ""),
    BouncerKey("client_tls_ciphers", .text, "fast", changed: [(21, "default")]),
    BouncerKey("client_tls_dheparams", .text, "auto"),
    BouncerKey("client_tls_ecdhcurve", .text, "auto"),
    BouncerKey("client_tls_key_file", .text, ""),
    BouncerKey("client_tls_protocols", .text, "secure"),
    BouncerKey("client_tls_sslmode", .words(tlsModes), "disable"),
    BouncerKey("conffile", .text),
    BouncerKey("default_pool_size", .integer, "20"),
    BouncerKey("disable_pqexec", .boolean, "0", restart: true),
    BouncerKey("dns_max_ttl", .seconds, "15"),
    BouncerKey("dns_nxdomain_ttl", .seconds, "15"),
    BouncerKey("dns_zone_check_period", .seconds, "0"),
    BouncerKey("idle_transaction_timeout", .seconds, "0"),
    BouncerKey("ignore_startup_parameters", .text, ""),
    BouncerKey("job_name", .text, "pgbouncer", restart: true),
    BouncerKey("listen_addr", .text, "", restart: true),
    BouncerKey("listen_backlog", .integer, "128", restart: true),
    BouncerKey("listen_port", .integer, "6432", restart: true),
    BouncerKey("log_connections", .boolean, "1"),
    BouncerKey("log_disconnections", .boolean, "1"),
    BouncerKey("log_pooler_errors", .boolean, "1"),
    BouncerKey("log_stats", .boolean, "1"),
    BouncerKey("logfile", .text, ""),
    BouncerKey("max_client_conn", .integer, "100"),
    BouncerKey("max_db_client_connections", .integer, "0", since: 24),
    BouncerKey("max_db_connections", .integer, "0"),
    BouncerKey("max_packet_size", .integer, "2147483647"),
    BouncerKey("max_prepared_statements", .integer, "0", since: 21, changed: [(24, "200")]),
    BouncerKey("max_user_client_connections", .integer, "0", since: 24),
    BouncerKey("max_user_connections", .integer, "0"),
    BouncerKey("min_pool_size", .integer, "0"),
    BouncerKey("peer_id", .integer, "0", since: 19),
    BouncerKey("pidfile", .text, "", restart: true),
    BouncerKey("pkt_buf", .integer, "4096", restart: true),
    BouncerKey("pool_mode", .words(poolModes), "session"),
    BouncerKey("query_timeout", .seconds, "0"),
    BouncerKey("query_wait_notify", .integer, "5", since: 25),
    BouncerKey("query_wait_timeout", .seconds, "120"),
    BouncerKey("reserve_pool_size", .integer, "0"),
    BouncerKey("reserve_pool_timeout", .seconds, "5"),
    BouncerKey("resolv_conf", .text, "", restart: true),
    BouncerKey("sbuf_loopcnt", .integer, "5"),
    BouncerKey("scram_iterations", .integer, "4096", since: 25),
    BouncerKey("server_check_delay", .seconds, "30"),
    BouncerKey("server_check_query", .text, "select 1", changed: [(25, "<empty>")]),
    BouncerKey("server_connect_timeout", .seconds, "15"),
    BouncerKey("server_fast_close", .boolean, "0"),
    BouncerKey("server_idle_timeout", .seconds, "600"),
    BouncerKey("server_lifetime", .seconds, "3600"),
    BouncerKey("server_login_retry", .seconds, "15"),
    BouncerKey("server_reset_query", .text, "DISCARD ALL"),
    BouncerKey("server_reset_query_always", .boolean, "0"),
    BouncerKey("server_round_robin", .boolean, "0"),
    BouncerKey("server_tls13_ciphers", .text, since: 25),
    BouncerKey("server_tls_ca_file", .text, ""),
    BouncerKey("server_tls_cert_file", .text, ""),
    BouncerKey("server_tls_ciphers", .text, "fast", changed: [(21, "default")]),
    BouncerKey("server_tls_key_file", .text, ""),
    BouncerKey("server_tls_protocols", .text, "secure"),
    BouncerKey("server_tls_sslmode", .words(tlsModes), "disable", changed: [(20, "prefer")]),
    BouncerKey("service_name", .text, restart: true),
    BouncerKey("so_reuseport", .boolean, "0", restart: true),
    BouncerKey("stats_period", .integer, "60"),
    BouncerKey("stats_users", .text, ""),
    BouncerKey("suspend_timeout", .seconds, "10"),
    BouncerKey("syslog", .boolean, "0"),
    BouncerKey("syslog_facility", .text, "daemon"),
    BouncerKey("syslog_ident", .text, "pgbouncer"),
    BouncerKey("tcp_defer_accept", .boolean, "1"),
    BouncerKey("tcp_keepalive", .boolean, "1"),
    BouncerKey("tcp_keepcnt", .integer, "0"),
    BouncerKey("tcp_keepidle", .integer, "0"),
    BouncerKey("tcp_keepintvl", .integer, "0"),
    BouncerKey("tcp_socket_buffer", .integer, "0"),
    BouncerKey("tcp_user_timeout", .integer, "0"),
    BouncerKey("track_extra_parameters", .text, "IntervalStyle", since: 20, restart: true),
    BouncerKey("transaction_timeout", .seconds, "0", since: 25),
    BouncerKey("unix_socket_dir", .text, "/tmp", restart: true),
    BouncerKey("unix_socket_group", .text, "", restart: true),
    BouncerKey("unix_socket_mode", .integer, "0777", restart: true),
    BouncerKey("user", .text, restart: true),
    BouncerKey("verbose", .integer),
  ].map { key in
    guard key.name == "auth_type" else { return key }
    var key = key
    key.laterWords = ["ldap": BouncerVersion(25)]
    return key
  }
}
