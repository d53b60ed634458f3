@testable import ConcurrentIndex
import PluginAPI
import TestSupport
import Testing

private let tables = """
  CREATE TABLE events (id int PRIMARY KEY, at timestamptz NOT NULL, day date, local timestamp, kind text);
  CREATE TABLE parts (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
  CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
  """

@Suite("index.rolling", .database(template: tables))
struct IndexRollingTests {
  private let yaml = "{table: events, column: at, keep: 30 days, every: 1 week, columns: [kind, at], name: events_recent}"

  private func names(on table: String = "events") async throws -> [String] {
    try await ReadOnlyFacts.with(.current) { facts in
      try await facts.indexes(on: QualifiedName("public", table)).map(\.name.name).filter { !$0.hasSuffix("pkey") }
    }
  }

  private func bound(_ interval: String, _ every: String) async throws -> String {
    try #require(try await TestDatabase.current.sql(
      "SELECT to_char(date_bin(\(every)::interval, now() AT TIME ZONE 'UTC' - \(interval)::interval, '2001-01-01'), 'YYYYMMDD')"
    ).value)
  }

  @Test("the bound is literal, cut to the period, and in the name")
  func bounds() async throws {
    let program = try await compile(IndexRolling.self, yaml)
    let digits = try await bound("30 days", "7 days")
    let text = ProgramText.of(program)
    #expect(text.contains("\"events_recent_\(digits)\""))
    #expect(text.contains("WHERE (\"at\" >= '\(digits.prefix(4))-\(digits.dropFirst(4).prefix(2))-\(digits.suffix(2)) 00:00:00+00'::timestamptz)"))
    #expect(text.contains("COMMENT ON INDEX"))
  }

  @Test("the same period has nothing to do; the next one builds, then drops the previous", arguments: [
    ("events", "{table: events, column: at, keep: 30 days, every: 1 week, name: recent}"),
    ("parts", "{table: parts, column: at, keep: 30 days, every: 1 week, name: recent}"),
  ])
  func rolls(table: String, yaml: String) async throws {
    let connection = try await TestDatabase.current.connect()
    let first = try await compile(IndexRolling.self, yaml)
    try await DirectRun(connection).run(first.operations)
    let again = try await compile(IndexRolling.self, yaml)
    #expect(again.operations.isEmpty && again.findings.map(\.code) == ["index.exists"])
    let name = try #require(try await names(on: table).first)
    // As if the index were of an earlier period.
    _ = try await connection.query("ALTER INDEX \(id: name) RENAME TO recent_20010101")
    let next = try await compile(IndexRolling.self, yaml)
    #expect(next.operations.last?.id == "drop:recent_20010101")
    try await DirectRun(connection).run(next.operations)
    #expect(try await names(on: table) == [name])
    try await DirectRun(connection).undo(next.operations)
    #expect(try await names(on: table) == ["recent_20010101"])
    #expect(try await compile(IndexRolling.self, yaml).operations == next.operations)
    await connection.close()
  }

  @Test("an index that only looks like one of the family stays")
  func strangers() async throws {
    try await TestDatabase.current.sql("CREATE INDEX events_recent_20010101 ON events (kind, at)")
    let program = try await compile(IndexRolling.self, yaml)
    #expect(!program.operations.contains { $0.id.hasPrefix("drop") })
  }

  @Test("columns of every calendar type", arguments: [
    ("day", "1 month", "::date)"), ("local", "6 hours", "::timestamp)"), ("at", "3 months", "+00'::timestamptz)"),
  ])
  func types(column: String, every: String, ending: String) async throws {
    let program = try await compile(
      IndexRolling.self, "{table: events, column: \(column), keep: 90 days, every: \(every)}")
    #expect(program.refusals.map(\.message).isEmpty)
    #expect(ProgramText.of(program).contains(ending))
  }

  @Test("refuses", arguments: [
    ("index.column", "{table: events, column: kind, keep: 1 day, every: 1 day}"),
    ("index.column", "{table: events, column: att, keep: 1 day, every: 1 day}"),
    ("index.column", "{table: events, column: day, keep: 1 day, every: 6 hours}"),
    ("index.timezone", "{table: events, column: at, keep: 1 day, every: 1 day, timezone: Mars/Olympus}"),
    ("index.not_immutable", "{table: events, column: at, keep: 1 day, every: 1 day, where: at < now()}"),
  ])
  func refuses(code: String, yaml: String) async throws {
    #expect(try await compile(IndexRolling.self, yaml).refusals.map(\.code) == [code])
  }

  @Test("a period is one unit", arguments: ["1 month 3 days", "30 minutes"])
  func periods(every: String) {
    #expect(throws: InvalidInput.self) {
      try IndexRolling.Parameters.read(yaml: "{table: t, column: c, keep: 1 day, every: \(every)}")
    }
  }
}
