@testable import OnlineDDL
@testable import PartitionSwap
import PluginAPI
import TestSupport
import Testing

/// A key's type, and bounds that fill a table of it.
struct BoundCase: Sendable, CustomTestStringConvertible {
  let type: String
  let by: String
  let bounds: [LeafBound]
  var testDescription: String { "\(by) \(type)" }
}

private func range(_ from: String?, _ to: String?) -> LeafBound {
  .range(from: from.map(BoundEdge.value) ?? .minimum, to: to.map(BoundEdge.value) ?? .maximum)
}

@Suite("bounds", .database(template: "CREATE TYPE mood AS ENUM ('sad', 'it''s \\ok'); CREATE DOMAIN code AS varchar(10)"))
struct LeafBoundTests {
  static let cases: [BoundCase] = [
    BoundCase(type: "date", by: "RANGE", bounds: [range(nil, "2025-01-01"), range("2025-01-01", "2025-02-01"), range("2025-02-01", nil)]),
    BoundCase(type: "timestamptz", by: "RANGE", bounds: [range("2025-01-01 00:00:00+00", "2025-02-01 00:00:00+00"), range("0044-03-15 00:00:00+00 BC", "2025-01-01 00:00:00+00"), range("2025-02-01 00:00:00+00", "infinity")]),
    BoundCase(type: "timestamp(3)", by: "RANGE", bounds: [range("2025-01-01 00:00:00", "2025-02-01 00:00:00")]),
    BoundCase(type: "int", by: "RANGE", bounds: [range("-1000", "0"), range("0", "1000")]),
    BoundCase(type: "bigint", by: "RANGE", bounds: [range("-9223372036854775808", "0"), range("0", nil)]),
    BoundCase(type: "smallint", by: "RANGE", bounds: [range("-5", "5")]),
    BoundCase(type: "text", by: "LIST", bounds: [.list(["a, ')", "it's", "back\\slash\\'"]), .list(["b"]), .list([nil, "é'\u{301}"]), .default]),
    BoundCase(type: "varchar(20)", by: "LIST", bounds: [.list(["a", "b"]), .list([nil]), .list(["c"])]),
    BoundCase(type: "int", by: "LIST", bounds: [.list(["-1", "2"]), .list(["3"])]),
    BoundCase(type: "boolean", by: "LIST", bounds: [.list(["true"]), .list(["false"])]),
    BoundCase(type: "mood", by: "LIST", bounds: [.list(["sad"]), .list(["it's \\ok"])]),
    BoundCase(type: "uuid", by: "LIST", bounds: [.list(["00000000-0000-0000-0000-000000000001"])]),
    BoundCase(type: "int", by: "HASH", bounds: [.hash(modulus: 3, remainder: 0), .hash(modulus: 3, remainder: 2)]),
  ]

  @Test("are read back as they were written", arguments: cases)
  func roundTrip(wanted: BoundCase) async throws {
    try await make(wanted, attaching: false)
    let table = try await ReadOnlyFacts.with(.current) { try await PartitionedTable.find(.init("public", "t"), at: .nowhere, $0) }
    #expect(Set(table.partitions.map(\.bound)) == Set(wanted.bounds.map { $0 }))
  }

  /// DEBUG1: "partition constraint for table … is implied by existing constraints".
  @Test("their CHECK implies them, so that ATTACH scans nothing", arguments: cases)
  func implied(wanted: BoundCase) async throws {
    let notices = try await make(wanted, attaching: true)
    let told = notices.filter { $0.contains("is implied by existing constraints") }
    #expect(told.count == wanted.bounds.filter { !$0.isDefault }.count, "\(notices)")
  }

  @Test("a CHECK on the default partition spares its scan", arguments: cases.filter { $0.by != "HASH" })
  func excluded(wanted: BoundCase) async throws {
    let connection = try await TestDatabase.current.connect()
    let said = Said()
    await connection.onNotice { said.append($0.message) }
    let key = PartitionKey(column: "K k", type: wanted.type)
    try await connection.script(
      "CREATE TABLE t (\"K k\" \(wanted.type)) PARTITION BY \(wanted.by) (\"K k\"); CREATE TABLE rest PARTITION OF t DEFAULT")
    let bounds = wanted.bounds.filter { !$0.isDefault }
    for (place, bound) in bounds.enumerated() {
      let outside = try #require(bound.exclusion(key)), inside = try #require(bound.condition(key))
      try await connection.script(
        "ALTER TABLE rest ADD CONSTRAINT c\(place) CHECK (\(outside.text)); CREATE TABLE l\(place) (\"K k\" \(wanted.type), CHECK (\(inside.text)));"
          + "SET client_min_messages = debug1; ALTER TABLE t ATTACH PARTITION l\(place) \(bound.forValues.text); RESET client_min_messages")
    }
    await connection.close()
    let told = said.all.filter { $0.contains("updated partition constraint for default partition") && $0.contains("implied") }
    #expect(told.count == bounds.count, "\(said.all)")
  }

  @discardableResult
  private func make(_ wanted: BoundCase, attaching: Bool) async throws -> [String] {
    let connection = try await TestDatabase.current.connect()
    let said = Said()
    await connection.onNotice { said.append($0.message) }
    try await connection.script("CREATE TABLE t (\"K k\" \(wanted.type)) PARTITION BY \(wanted.by) (\"K k\")")
    let oid = try #require(try await connection.query("SELECT 't'::regclass::oid::int8").value.flatMap { Int64($0) })
    for (place, bound) in wanted.bounds.enumerated() {
      let condition = bound.condition(PartitionKey(column: "K k", type: wanted.type), parent: oid)
      if attaching {
        let check = condition.map { ", CHECK (\($0.text))" } ?? ""
        try await connection.script(
          "CREATE TABLE l\(place) (\"K k\" \(wanted.type)\(check)); SET client_min_messages = debug1;"
            + "ALTER TABLE t ATTACH PARTITION l\(place) \(bound.forValues.text); RESET client_min_messages")
      } else {
        try await connection.script("CREATE TABLE l\(place) PARTITION OF t \(bound.forValues.text)")
      }
    }
    await connection.close()
    return said.all
  }

  @Test("what is not one column is said to be so", arguments: [
    ("FOR VALUES FROM (1, 'a') TO (2, MAXVALUE)", BoundText.Outcome.severalColumns), ("FOR VALUES", .unreadable),
    ("FOR VALUES IN ('a'", .unreadable), ("FOR VALUES FROM (1) TO (2) MORE", .unreadable),
  ])
  func unreadable(text: String, outcome: BoundText.Outcome) { #expect(BoundText.read(text) == outcome) }
}

@Suite("names of partitions")
struct LeafNamingTests {
  @Test("follow the pattern", arguments: [
    ("{table}_p{start}", "logs", "202501", "logs_p202501"), ("{table}_y{start}_x", "Odd Name", "2025", "Odd Name_y2025_x"),
    ("p{start}", "logs", "m1000", "pm1000"),
  ])
  func pattern(pattern: String, table: String, start: String, name: String) throws {
    #expect(try LeafNaming.read(yaml: "'\(pattern)'").name(table: table, start: start) == name)
  }

  @Test("are refused without {start}, or with other braces", arguments: [
    "{table}", "{start}_{table}", "{table}_{start}_{end}", "{start}{start}", "{table}{table}{start}",
    "{table}_a_very_very_long_pattern_that_is_too_long_{start}",
  ])
  func refused(pattern: String) {
    #expect(throws: InvalidInput.self) { try LeafNaming.read(yaml: "'\(pattern)'") }
  }

  @Test("stay unique and within 63 bytes, the start whole")
  func fits() {
    let tables = [String(repeating: "é", count: 31), String(repeating: "é", count: 30) + "ab"]
    let names = tables.flatMap { LeafNaming().names(table: $0, starts: ["202501", "202502", "202501"], avoiding: []) }
    #expect(Set(names).count == 6 && names.allSatisfy { $0.utf8.count <= 63 })
    #expect(names[0].hasSuffix("_p202501") && names[2].hasSuffix("_p202501_2"))
  }
}
