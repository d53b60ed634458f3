@testable import OnlineDDL
@testable import PartitionSwap
import PluginAPI
import TestSupport
import Testing

/// A cut and what comes of it.
struct CutCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let type: String
  let width: PartitionWidth
  let first: KeyPoint
  var until: KeyPoint?
  var covering: [KeyPoint] = []
  var premake = 0
  var zone = "UTC"
  var aligns = true
  let expected: [String]
}

@Suite("ranges", .database)
struct RangeCutTests {
  static let cases: [CutCase] = [
    CutCase(
      testDescription: "months from the data, aligned", type: "date", width: .months(1), first: .value("2024-12-17"),
      covering: [.value("2025-02-01")],
      expected: ["202412: 2024-12-01", "202501: 2025-01-01", "202502: 2025-02-01", "2025-03-01"]),
    CutCase(
      testDescription: "a bound that is written is exact, and covers what is before it", type: "date", width: .months(1),
      first: .local("2025-01-15"), until: .local("2025-03-15"), aligns: false,
      expected: ["202501: 2025-01-15", "202502: 2025-02-15", "2025-03-15"]),
    CutCase(
      testDescription: "the end of a month stays the end", type: "date", width: .months(1), first: .local("2025-01-31"),
      premake: 2, aligns: false, expected: ["202501: 2025-01-31", "202502: 2025-02-28", "2025-03-31"]),
    CutCase(
      testDescription: "quarters and years from January", type: "timestamp without time zone", width: .months(3),
      first: .value("2025-05-05 10:00"), covering: [.value("2025-07-01 00:00")],
      expected: ["202504: 2025-04-01 00:00:00", "202507: 2025-07-01 00:00:00", "2025-10-01 00:00:00"]),
    CutCase(
      testDescription: "years before Christ", type: "date", width: .months(12), first: .value("0002-05-01 BC"),
      covering: [.value("0001-05-01")],
      expected: ["0002bc: 0002-01-01 BC", "0001bc: 0001-01-01 BC", "0001: 0001-01-01", "0002-01-01"]),
    CutCase(
      testDescription: "weeks from a Monday, before 2001 too", type: "date", width: .days(7), first: .value("2000-12-31"),
      covering: [.value("2001-01-01")], expected: ["20001225: 2000-12-25", "20010101: 2001-01-01", "2001-01-08"]),
    CutCase(
      testDescription: "Paris in spring", type: "timestamp with time zone", width: .days(1),
      first: .value("2025-03-29 12:00:00+00"), premake: 3, zone: "Europe/Paris",
      expected: [
        "20250329: 2025-03-28 23:00:00+00", "20250330: 2025-03-29 23:00:00+00", "20250331: 2025-03-30 22:00:00+00",
        "2025-03-31 22:00:00+00",
      ]),
    CutCase(
      testDescription: "an hour that New York skips", type: "timestamp with time zone", width: .hours(1),
      first: .local("2025-03-09 01:00"), until: .local("2025-03-09 04:00"), zone: "America/New_York", aligns: false,
      expected: ["2025030901: 2025-03-09 06:00:00+00", "2025030903: 2025-03-09 07:00:00+00", "2025-03-09 08:00:00+00"]),
    CutCase(
      testDescription: "an hour that New York has twice", type: "timestamp with time zone", width: .hours(1),
      first: .local("2025-11-02 00:00"), until: .local("2025-11-02 03:00"), zone: "America/New_York", aligns: false,
      expected: [
        "2025110200: 2025-11-02 04:00:00+00", "2025110201: 2025-11-02 06:00:00+00", "2025110202: 2025-11-02 07:00:00+00",
        "2025-11-02 08:00:00+00",
      ]),
    CutCase(
      testDescription: "a day that Samoa skips", type: "timestamp with time zone", width: .days(1),
      first: .local("2011-12-29"), until: .local("2012-01-01"), zone: "Pacific/Apia",
      expected: ["20111229: 2011-12-29 10:00:00+00", "20111231: 2011-12-30 10:00:00+00", "2011-12-31 10:00:00+00"]),
    CutCase(
      testDescription: "half an hour in Kolkata", type: "timestamp with time zone", width: .months(1),
      first: .value("2025-01-31 20:00:00+00"), premake: 1, zone: "Asia/Kolkata",
      expected: ["202502: 2025-01-31 18:30:00+00", "2025-02-28 18:30:00+00"]),
    CutCase(
      testDescription: "numbers below zero", type: "integer", width: .number(1000), first: .value("-1"),
      covering: [.value("1000")], expected: ["m1000: -1000", "0: 0", "1000: 1000", "2000"]),
    CutCase(
      testDescription: "the type's ends", type: "smallint", width: .number(30_000), first: .value("-32768"),
      covering: [.value("32767")], premake: 5, expected: ["min: MINVALUE", "m30000: -30000", "0: 0", "30000: 30000", "MAXVALUE"]),
    CutCase(
      testDescription: "bigint's ends", type: "bigint", width: .number(4_000_000_000_000_000_000),
      first: .value("9223372036854775807"), premake: 1, expected: ["8000000000000000000: 8000000000000000000", "MAXVALUE"]),
  ]

  @Test("are cut", arguments: cases)
  func cuts(wanted: CutCase) async throws {
    let cut = RangeCut(
      key: PartitionKey(column: "k", type: wanted.type), width: wanted.width, timezone: wanted.zone, first: wanted.first,
      alignsFirst: wanted.aligns, covering: wanted.covering, until: wanted.until, premake: wanted.premake)
    let ranges = try await ReadOnlyFacts.with(.current) { try await cut.ranges($0) }
    #expect(ranges.map { "\($0.label): \(Self.bare($0.from))" } + [Self.bare(ranges.last?.to)] == wanted.expected)
    for (one, next) in zip(ranges, ranges.dropFirst()) { #expect(one.to == next.from) }
  }

  private static func bare(_ edge: BoundEdge?) -> String {
    switch edge {
    case .value(let text)?: text
    case .minimum?: "MINVALUE"
    case .maximum?: "MAXVALUE"
    case nil: "nothing"
    }
  }

  /// Across both changes of the clocks: the server accepts the partitions and has a place for every minute.
  @Test("leave no hole across a change of the clocks", arguments: ["Europe/Paris", "America/New_York", "Asia/Kolkata", "UTC"], [
    (PartitionWidth.months(1), "2025-01-01", "2026-01-01"), (.days(7), "2025-01-01", "2026-01-01"),
    (.hours(6), "2025-03-01", "2025-04-05"), (.hours(6), "2025-10-20", "2025-11-10"),
  ])
  func contiguous(zone: String, cut: (width: PartitionWidth, from: String, until: String)) async throws {
    let (width, from, until) = cut
    let cut = RangeCut(
      key: PartitionKey(column: "k", type: "timestamp with time zone"), width: width, timezone: zone,
      first: .local(from), until: .local(until))
    let table = QualifiedName("public", "T a.ble")
    let leaves = try await ReadOnlyFacts.with(.current) { try await cut.leaves(of: table, naming: LeafNaming(), $0) }
    let connection = try await TestDatabase.current.connect()
    // Whatever zone a session is in, the bounds mean the same.
    try await connection.script("SET TimeZone = 'Asia/Tokyo'; CREATE TABLE \"T a.ble\" (k timestamptz) PARTITION BY RANGE (k)")
    for leaf in leaves {
      _ = try await connection.query("CREATE TABLE \(id: leaf.name) PARTITION OF \(id: table) \(sql: leaf.bound.forValues)")
    }
    _ = try await connection.query(
      """
      INSERT INTO \(id: table) SELECT generate_series(\(from)::timestamp AT TIME ZONE \(zone),
        (\(until)::timestamp AT TIME ZONE \(zone)) - interval '1 microsecond', '15 minutes')
      """)
    await connection.close()
    let found = try await ReadOnlyFacts.with(.current) { try await PartitionedTable.find(table, at: .nowhere, $0) }
    #expect(found.partitions.map(\.bound) == leaves.map(\.bound) && found.holes.isEmpty)
  }

  @Test("of six hours leave no hole across a year", arguments: ["Europe/Paris", "America/New_York", "Asia/Kolkata", "UTC"])
  func everySixHours(zone: String) async throws {
    let cut = RangeCut(
      key: PartitionKey(column: "k", type: "timestamp with time zone"), width: .hours(6), timezone: zone,
      first: .local("2025-01-01"), until: .local("2026-01-01"))
    let ranges = try await ReadOnlyFacts.with(.current) { try await cut.ranges($0) }
    #expect(ranges.count == 365 * 4 && Set(ranges.map(\.label)).count == ranges.count)
    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.to == $1.from })
  }

  @Test("what is there already counts as made ahead")
  func ahead() async throws {
    func count(_ last: SQL) async throws -> Int {
      let edge = try #require(try await TestDatabase.current.sql("SELECT (\(sql: last))::date").value)
      let cut = RangeCut(
        key: PartitionKey(column: "k", type: "date"), width: .months(1), first: .value(edge), alignsFirst: false,
        covering: [.now], premake: 3, lookBack: 4)
      return try await ReadOnlyFacts.with(.current) { try await cut.ranges($0).count }
    }
    #expect(try await count("date_trunc('month', now() AT TIME ZONE 'UTC') + interval '9 months'") == 0)
    #expect(try await count("date_trunc('month', now() AT TIME ZONE 'UTC') + interval '4 months'") == 0)
    #expect(try await count("date_trunc('month', now() AT TIME ZONE 'UTC') + interval '2 months'") == 2)
    #expect(try await count("date_trunc('month', now() AT TIME ZONE 'UTC')") == 4)
    #expect(try await count("date_trunc('month', now() AT TIME ZONE 'UTC') - interval '2 months'") == 6)
  }

  @Test("refused", arguments: [
    ("partition.timezone", "date", PartitionWidth.months(1), "Mars/Olympus"),
    ("partition.every", "text", .months(1), "UTC"), ("partition.every", "bigint", .months(1), "UTC"),
    ("partition.every", "date", .number(5), "UTC"), ("partition.every", "date", .hours(6), "UTC"),
    ("partition.too_many", "date", .days(1), "UTC"),
  ])
  func refused(code: String, type: String, width: PartitionWidth, zone: String) async throws {
    let cut = RangeCut(
      key: PartitionKey(column: "k", type: type), width: width, timezone: zone, first: .value("1990-01-01"),
      covering: [.value("2025-01-01")])
    do {
      _ = try await ReadOnlyFacts.with(.current) { try await cut.ranges($0) }
      Issue.record("not refused")
    } catch let refusal as StepRefusal {
      #expect(refusal.findings.map(\.code) == [code])
    }
  }

  @Test("the extent of the data leaves infinities and NULL aside")
  func extent() async throws {
    try await TestDatabase.current.script(
      """
      CREATE TABLE t (k timestamptz, n int);
      INSERT INTO t VALUES ('infinity', 3), ('2025-01-01 00:00+00', NULL), ('2020-01-01 00:00+02', -7), (NULL, 1), (NULL, 200), (NULL, -10);
      """)
    let (time, number) = try await ReadOnlyFacts.with(.current) { facts in
      (
        try await KeyExtent.read(.init("public", "t"), PartitionKey(column: "k", type: "timestamp with time zone"), facts),
        try await KeyExtent.read(.init("public", "t"), PartitionKey(column: "n", type: "integer"), facts)
      )
    }
    #expect(time == KeyExtent(
      least: "2019-12-31 22:00:00+00", greatest: "2025-01-01 00:00:00+00", hasNull: true, hasLowerInfinity: false,
      hasUpperInfinity: true))
    #expect(number == KeyExtent(least: "-10", greatest: "200", hasNull: true, hasLowerInfinity: false, hasUpperInfinity: false))
  }
}
