import PluginAPI
import TestSupport
import Testing

@testable import PgBouncer

@Suite("sizes of pools") struct SizingTests {
  private let server = PooledServer(
    maxConnections: 100, superuserReserved: 3, reserved: 0, host: "/tmp", port: 5432, isLocal: true)

  private func sizing(_ keys: String, cores: Int? = 8) throws -> PoolSizing {
    try PoolSizing(wanted: PgbouncerRender.Parameters.read(yaml: "{ to: pool, \(keys) }"), server: server, cores: cores)
  }

  @Test("cores are divided among pools, and every number is told", arguments: [
    ("databases: { a: {} }, users: { u: {} }", 17, 4, 21),
    ("databases: { a: {}, b: {} }, users: { u: {}, v: {} }", 5, 1, 24),
    ("databases: { a: {} }, users: { u: {} }, pool: { bouncers: 3 }", 6, 2, 24),
    ("databases: { a: {}, b: {}, c: {} }, users: { u: {}, v: {}, w: {}, x: {} }", 2, 1, 36),
    ("databases: { a: {} }, users: { u: {} }, pool: { size: 30, reserve: 0% }", 30, 0, 30),
    ("databases: { a: { pool_size: 10 }, b: { user: one } }, users: { u: {}, v: {} }, pool: { size: 4 }", 4, 1, 27),
    ("databases: { a: {} }, auth: { from: query }", 9, 2, 22),
  ])
  func auto(keys: String, size: Int, reserve: Int, most: Int) throws {
    let found = try sizing(keys)
    #expect(found.size == size && found.reserve == reserve && found.most == most, "\(found.arithmetic)")
    #expect(found.arithmetic.hasPrefix("max_connections 100 − 3 for superusers − 0 reserved − 10 direct = 87 for pools"))
    #expect(found.arithmetic.hasSuffix("\(most) of 87 connections"))
  }

  @Test("what does not fit is refused, and the size that would fit is told")
  func refused() throws {
    let found = try sizing("databases: { a: {}, b: {} }, users: { u: {}, v: {} }, pool: { size: 40 }")
    let finding = try #require(found.findings(at: .nowhere).first)
    #expect(finding.severity == .refusal && finding.message.contains("may want 192 connections, and the server has 87"))
    #expect(finding.choices.first == "pool: { size: 17 }", "4 × (17 + 4) = 84")
    #expect(try sizing("databases: { a: {}, b: {} }, users: { u: {}, v: {} }, pool: { size: 17 }").findings(at: .nowhere) == [])
  }

  @Test("a server elsewhere does not tell its cores")
  func unknown() throws {
    do {
      Issue.record("\(try sizing("databases: { a: {} }, users: { u: {} }", cores: nil).arithmetic)")
    } catch let refusal as BouncerRefusal {
      #expect(refusal.findings.map(\.code) == ["pgbouncer.cores"])
    }
  }

  @Test("pgbouncer.ini")
  func config() throws {
    let keys = """
      databases: { shop: {}, "odd name": { dbname: shop, host: 10.0.0.5, connect_query: "SELECT 'x'" } }, admins: { op: {} },
      users: { app: { max_user_connections: 20 } }, timeouts: { query_wait_timeout: 30s }, extra: { log_connections: false }
      """
    let parameters = try PgbouncerRender.Parameters.read(yaml: "{ to: pool, \(keys) }")
    let sizing = try PoolSizing(wanted: parameters, server: server, cores: 8)
    let config = RenderedConfig(
      wanted: parameters, version: BouncerVersion(18), folder: "/etc/pgbouncer", server: server, sizing: sizing)
    try Snapshot.expect(config.text + "\n" + AuthLookup(wanted: parameters).script, named: "config")
  }
}
