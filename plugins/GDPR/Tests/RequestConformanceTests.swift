@testable import GDPR
import Engine
import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

@Suite("what every step promises: one person's requests", .database(template: Customers.tables), .ownTime(.minutes(5)))
struct RequestConformanceTests {
  private let folder: String

  init() async throws {
    Customers.setSecrets()
    folder = try TemporaryFolder.make(prefix: "conforms", in: try await TestCluster.shared.folder)
  }

  /// A line for each row, without what is random.
  private static let rows: @Sendable () async throws -> String = {
    try await values(
      """
      SELECT c::text FROM customer c UNION ALL SELECT o::text FROM orders o UNION ALL SELECT s::text FROM shipment s
      UNION ALL SELECT a::text FROM approval a UNION ALL SELECT m::text FROM message m UNION ALL SELECT x::text FROM audit x
      """
    ).joined(separator: "\n")
  }

  @Test("gdpr.erase: killed after each operation it goes on, and the log has it once")
  func erase() async throws {
    let backup = try await Backup.take()
    try await Conformance(
      "gdpr.erase", Customers.erase(folder), registry: registry, environment: "accept_irreversible: [s]", state: Self.rows
    ).expectOneWay { try await backup.restore() }
    // One erasure survived its kills, the other had none: a tombstone and a word for each.
    let texts = try RecordFolder(folder, under: "/").texts(ending: ".json")
    #expect(texts.count == 4, "\(texts.keys.sorted())")
    let counts = try Set(texts.filter { !$0.key.hasSuffix(".begun.json") }.values.map { try JSON(parsing: $0)["rows"] })
    #expect(counts.count == 1, "\(counts)")
  }

  @Test("gdpr.replay: killed after each operation it goes on")
  func replay() async throws {
    let backup = try await Backup.take()
    try await harness("gdpr.erase", Customers.erase(folder)).applied()
    try await TestDatabase.current.script("DROP SCHEMA caisson CASCADE")
    try await backup.restore(keeping: true)
    try await Conformance(
      "gdpr.replay", Customers.replay(folder), registry: registry, environment: "accept_irreversible: [s]", state: Self.rows
    ).expectOneWay { try await backup.restore() }
  }

  @Test("gdpr.export: killed after each operation it begins again, and a rollback removes the files")
  func export() async throws {
    let out = "\(folder)/out"
    let state: @Sendable () async throws -> String = {
      let texts = (try? RecordFolder(out, under: "/").texts(ending: ".ndjson")) ?? [:]
      return texts.map { "\($0.key): \($0.value.replacing("\n", with: " "))" }.sorted().joined(separator: "\n")
    }
    try await Conformance(
      "gdpr.export",
      ["map": Customers.map, "subject": "${env:CAISSON_TEST_SUBJECT}", "to": .string(out), "redact": ["customer.password_hash"]],
      registry: registry, state: state
    ).expect()
  }
}
