import PlanSchema
import PluginAPI
import TestSupport
import Testing
import YAMLTree

@testable import PgBouncer

@Suite("the settings of PgBouncer", .ownTime(.minutes(2))) struct KeyTableTests {
  /// Which keys a release brought, by its changelog (NEWS.md) and its documentation (doc/config.md).
  static let news: [(version: Int, place: BouncerKey.Place, keys: [String])] = [
    (19, .ini, ["auth_dbname", "peer_id", "cancel_wait_timeout"]), (19, .database, ["auth_dbname"]),
    (20, .ini, ["track_extra_parameters"]), (21, .ini, ["max_prepared_statements"]), (22, .database, ["auth_query"]),
    (23, .ini, ["auth_ident_file"]), (23, .database, ["server_lifetime"]), (23, .user, ["pool_size"]),
    (24, .ini, ["max_db_client_connections", "max_user_client_connections"]),
    (24, .database, ["reserve_pool_size", "max_db_client_connections", "load_balance_hosts"]),
    (
      24, .user,
      ["reserve_pool_size", "max_user_client_connections", "query_timeout", "idle_transaction_timeout", "client_idle_timeout"]
    ),
    (
      25, .ini,
      [
        "auth_ldap_options", "client_tls13_ciphers", "server_tls13_ciphers", "query_wait_notify", "scram_iterations",
        "transaction_timeout",
      ]
    ),
    (25, .user, ["transaction_timeout"]),
  ]

  @Test("what a release brought is known as its own, and nothing else is", arguments: [BouncerKey.Place.ini, .database, .user])
  func since(place: BouncerKey.Place) {
    for version in 19...25 {
      let found = KeyTable.keys(place).filter { $0.since == BouncerVersion(version) }.map(\.name).sorted()
      let told = Self.news.filter { $0.version == version && $0.place == place }.flatMap(\.keys).sorted()
      #expect(found == told, "1.\(version) \(place.section)")
    }
    let counts: [BouncerKey.Place: Int] = [.ini: 85, .database: 16, .user: 2]
    #expect(KeyTable.keys(place).filter { $0.since == .oldest }.count == counts[place])
  }

  @Test("a default that changed", arguments: [
    ("server_tls_sslmode", "disable", 20, "prefer"), ("client_tls_ciphers", "fast", 21, "default"),
    ("server_tls_ciphers", "fast", 21, "default"), ("max_prepared_statements", "0", 24, "200"),
    ("server_check_query", "select 1", 25, "<empty>"),
  ])
  func defaults(name: String, before: String, version: Int, after: String) throws {
    let key = try #require(KeyTable.key(name, .ini))
    #expect(key.fallback(in: BouncerVersion(version - 1)) == before && key.fallback(in: BouncerVersion(version)) == after)
  }

  @Test("every key of every later release is refused to the one before, with its name and place", arguments: news)
  func later(version: Int, place: BouncerKey.Place, keys: [String]) throws {
    for name in keys {
      let key = try #require(KeyTable.key(name, place))
      let setting = KeySettings<InSection>.Setting(key: key, value: "1", range: .nowhere)
      let found = KeySettings<InSection>(entries: [setting])
      #expect(found.findings(for: BouncerVersion(version)) == [])
      let finding = try #require(found.findings(for: BouncerVersion(version - 1)).first)
      #expect(finding.code == "pgbouncer.later_key" && finding.message.contains("1.\(version), and this is 1.\(version - 1)"))
    }
  }

  @Test("LDAP came with 1.25")
  func ldap() throws {
    let settings = try KeySettings<InSection>.read(yaml: "{ auth_type: ldap }")
    #expect(settings.findings(for: BouncerVersion(24)).map(\.code) == ["pgbouncer.later_key"])
    #expect(settings.findings(for: BouncerVersion(25)) == [])
  }

  @Test("values are read as PgBouncer writes them", arguments: [
    ("query_timeout: 1min 30s", "90"), ("query_timeout: 500ms", "0.5"), ("log_stats: false", "0"), ("listen_backlog: 128", "128"),
  ])
  func values(yaml: String, shown: String) throws {
    #expect(try KeySettings<InSection>.read(yaml: "{ \(yaml) }").entries.first?.value == shown)
  }

  @Test("versions", arguments: [
    ("PgBouncer 1.18.0\nlibevent 2.1", 18), ("1.25", 25), ("1.9.2", 9), ("2.0", nil), ("1.18beta", nil),
  ] as [(String, Int?)])
  func versions(text: String, minor: Int?) { #expect(BouncerVersion(parsing: text)?.minor == minor) }
}

@Suite("the installed PgBouncer", .database, .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(2)))
struct InstalledKeysTests {
  @Test("its SHOW CONFIG has the keys of the table, with these defaults, changed by a reload or not")
  func shown() async throws {
    let pooler = try await TestPooler.start(TestDatabase.current.cluster)
    let rows = try await pooler.admin("SHOW CONFIG")
    let said = try await pooler.admin("SHOW VERSION").first?.values.compactMap { $0 }.joined() ?? ""
    await pooler.stop()
    let version = try #require(BouncerVersion(parsing: said), "\(said)")
    // service_name is another name of job_name, and not shown.
    let known = KeyTable.ini.filter { $0.since <= version && $0.name != "service_name" }
    #expect(Set(rows.compactMap { $0["key"] }) == Set(known.map(\.name)))
    for row in rows {
      guard let key = known.first(where: { $0.name == row["key"] }) else { continue }
      #expect(row["changeable"] == (key.isReloaded ? "yes" : "no"), "\(key.name)")
      let shown = row["default"].flatMap { $0.isEmpty ? nil : $0 }, table = key.fallback(in: version).flatMap { $0.isEmpty ? nil : $0 }
      #expect(shown == table || Double(shown ?? "") == Double(table ?? ""), "\(key.name): \(shown ?? "-") \(table ?? "-")")
    }
  }
}
