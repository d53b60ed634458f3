@testable import GDPR
import Engine
import JSONText
import PluginAPI
import SQLText
import Synchronization
import TestSupport
import Testing

@Suite("gdpr.export", .database(template: Customers.tables), .ownTime(.minutes(5))) struct ExportTests {
  private let folder: String

  init() async throws {
    Customers.setSecrets()
    folder = try TemporaryFolder.make(prefix: "subject", in: try await TestCluster.shared.folder)
  }

  private func export(_ more: [(String, JSON)] = []) throws -> EngineHarness {
    let all: [(String, JSON)] = [
      ("map", Customers.map), ("subject", "${env:CAISSON_TEST_SUBJECT}"), ("to", .string("\(folder)/out")),
      ("redact", ["customer.password_hash"]),
    ]
    let changed = Set(more.map(\.0))
    return try harness("gdpr.export", .object(JSONObject(all.filter { !changed.contains($0.0) } + more)))
  }

  private func file(_ name: String) throws -> String {
    try #require(try RecordFolder("\(folder)/out", under: "/").texts(ending: name)[name], "\(name)")
  }

  @Test("a file for each table, with the person's rows and nobody else's, and nothing that is redacted")
  func content() async throws {
    let export = try export()
    try await export.applied()
    let customer = try JSON(parsing: file("customer.ndjson"))
    #expect(customer["name"] == "Name 7" && customer["id"]?.int == 739_204_117 && customer["password_hash"] == nil)
    #expect(customer["boss_id"] == .null)
    #expect(try file("orders.ndjson").split(separator: "\n").count == 5)
    let order = try JSON(parsing: String(file("orders.ndjson").split(separator: "\n")[0]))
    #expect(order["note"] == ["contact.phone": ["+33-6"]], "\(order)")
    #expect(try file("message.ndjson").split(separator: "\n").count == 3)
    let all = try FolderNames.all(in: folder + "/out").map { try file($0) }.joined()
    for g in 1...20 where g != 7 { #expect(!all.contains("\"Name \(g)\"") && !all.contains("mail\(g)@")) }
    #expect(!all.contains("hash"))
    #expect(!export.events.text.contains(Customers.subject))
    let journal = try await value("SELECT string_agg(p::text, '') FROM caisson.program p")
    #expect(journal?.contains("CAISSON_TEST_SUBJECT") == true && journal?.contains(Customers.subject) == false)
  }

  @Test("what was exported, read into an empty schema, equals the source", arguments: GDPRExport.Format.allCases)
  func roundTrip(format: GDPRExport.Format) async throws {
    try await export([("format", .string(format.rawValue)), ("redact", [])]).applied()
    let database = TestDatabase.current
    for table in ["customer", "shipment", "approval", "message"] {
      try await database.sql("CREATE SCHEMA IF NOT EXISTS copy")
      try await database.sql("CREATE TABLE copy.\(sql: table) (LIKE public.\(sql: table))")
      try await load(table, format, file("\(table).\(format.rawValue)"))
      let columns = table == "customer" ? "id, name, email, password_hash" : "*"
      let lost = try await value(
        """
        SELECT count(*) FROM (SELECT \(sql: columns) FROM public.\(sql: table) t WHERE \(sql: Self.whose(table))
          EXCEPT ALL SELECT \(sql: columns) FROM copy.\(sql: table)) x
        """)
      let more = try await value(
        "SELECT count(*) - (SELECT count(*) FROM public.\(sql: table) t WHERE \(sql: Self.whose(table))) FROM copy.\(sql: table)")
      #expect(lost == "0" && more == "0", "\(table)")
    }
  }

  /// Whatever a text, a number or a list may hold.
  private static let odd = #"""
    CREATE TABLE odd (id bigint PRIMARY KEY, customer_id bigint REFERENCES customer, t text, n numeric, f float8, b bytea,
      a text[], ts timestamptz, d date, j jsonb, u uuid, ip inet, r int4range, i interval, flag boolean);
    INSERT INTO odd VALUES
      (1, 739204117, E'a,"b"\n\t\\ ;\\.\'é😀', 1e40 + 0.1, 'NaN', '\x00ff0a22', ARRAY['x,y', NULL, '"', '\', ''],
        'infinity', '0044-03-15 BC', '{"a": [1, null, "\\"], "n": 12345678901234567890.5}', gen_random_uuid(), '10.1.0.0/16',
        '[3,9)', '-1 mon 3 days', false),
      (2, 739204117, '', 0, '-Infinity', '', '{}', '2026-03-29 01:30:00.123456+00', '9999-12-31', '[]', NULL, '::1', 'empty', '0', true),
      (3, 739204117, 'NULL', -0.000, 0.1::float8 + 0.2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (4, 3, 'somebody else', 1, 1, '', '{}', now(), now(), '{}', NULL, NULL, NULL, NULL, NULL);
    """#

  @Test("odd values come back as they were", arguments: GDPRExport.Format.allCases)
  func odd(format: GDPRExport.Format) async throws {
    try await TestDatabase.current.script(Self.odd)
    let columns = ["t", "n", "f", "b", "a", "ts", "d", "j", "u", "ip", "r", "i", "flag"]
    let table: JSON = ["table": "odd", "path": "customer_id", "kept": columns.json]
    var map = try #require(Customers.map.object)
    map["tables"] = .array((map["tables"]?.array ?? []) + [table])
    try await export([("map", .object(map)), ("format", .string(format.rawValue)), ("redact", [])]).applied()
    try await TestDatabase.current.script("CREATE SCHEMA copy; CREATE TABLE copy.odd (LIKE public.odd)")
    try await load("odd", format, file("odd.\(format.rawValue)"))
    for (one, other) in [("public.odd WHERE id < 4", "copy.odd"), ("copy.odd", "public.odd WHERE id < 4")] {
      let lost = try await values("SELECT t::text FROM (SELECT * FROM \(sql: one) EXCEPT ALL SELECT * FROM \(sql: other)) t")
      #expect(lost == [], "\(one)")
    }
  }

  private static func whose(_ table: String) -> String {
    switch table {
    case "customer": "t.id = \(Customers.subject)"
    case "shipment": "t.order_id IN (SELECT id FROM orders WHERE customer_id = \(Customers.subject))"
    case "approval": "t.approved_by = \(Customers.subject)"
    default: "t.kind = 'person' AND t.owner_id = \(Customers.subject)"
    }
  }

  private func load(_ table: String, _ format: GDPRExport.Format, _ text: String) async throws {
    let database = TestDatabase.current
    switch format {
    case .ndjson:
      for line in text.split(separator: "\n") {
        try await database.sql(
          "INSERT INTO copy.\(sql: table) SELECT * FROM jsonb_populate_record(NULL::copy.\(sql: table), \(String(line))::jsonb)")
      }
    case .json:
      try await database.sql(
        "INSERT INTO copy.\(sql: table) SELECT * FROM jsonb_populate_recordset(NULL::copy.\(sql: table), \(text)::jsonb)")
    case .csv:
      let connection = try await database.connect()
      let header = text.prefix { $0 != "\n" }
      let sent = Once(Array(text.utf8))
      try await connection.copyIn("COPY copy.\(sql: table) (\(sql: String(header))) FROM STDIN (FORMAT csv, HEADER true)") {
        sent.take()
      }
      await connection.close()
    }
  }

  @Test("what looks like a credential is pointed out; a redaction of what is not there is refused")
  func findings() async throws {
    let open = try await export([("redact", [])]).runner().preview().preparation.steps[0]
    #expect(open.findings.map(\.code).contains("gdpr.export.credential"))
    let wrong = try await export([("redact", ["customer.pasword_hash", "costumer.name"])]).runner().preview().preparation
    #expect(Set(wrong.refusals.map(\.finding.code)) == ["gdpr.map.column", "gdpr.export.redact"])
  }
}

/// Bytes that are handed out once.
private final class Once: Sendable {
  private let bytes: Mutex<[UInt8]?>
  init(_ bytes: [UInt8]) { self.bytes = Mutex(bytes) }
  func take() -> [UInt8]? {
    bytes.withLock { bytes in
      defer { bytes = nil }
      return bytes
    }
  }
}
