@testable import ConcurrentIndex
import PluginAPI
import TestSupport
import Testing

private let tables = """
  CREATE TABLE vehicles (id int PRIMARY KEY, organization_id int NOT NULL, status varchar(20), plate text, vin text,
    mileage int, seen timestamptz, next_service date, deleted bool NOT NULL DEFAULT false);
  INSERT INTO vehicles SELECT g, g % 50, CASE WHEN g % 3 = 0 THEN 'available' ELSE 'busy' END, 'P' || g % 900,
    CASE WHEN g % 2 = 0 THEN 'V' || g END, g, timestamptz '2026-01-01 00:00:00+00' + g * interval '1 minute',
    date '2026-01-01' + (g * 7919) % 365 FROM generate_series(1, 1000) g;
  ANALYZE vehicles;
  CREATE TABLE parts (id int, day date NOT NULL) PARTITION BY RANGE (day);
  CREATE TABLE parts_jan PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
  CREATE VIEW busy AS SELECT 1 AS one;
  """

/// One plan text, what it compiles to kept as text.
struct CreateCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let yaml: String
  var setup = ""
}

@Suite("index.create", .database(template: tables))
struct IndexCreateTests {
  static let programs = [
    CreateCase(testDescription: "plain", yaml: "{table: vehicles, columns: [organization_id, status]}"),
    CreateCase(
      testDescription: "everything",
      yaml: """
        table: public.vehicles
        columns:
          - organization_id
          - {column: mileage, order: desc, nulls: last}
          - {expression: "lower(plate)", opclass: text_pattern_ops}
        name: vehicles_all
        where: status IN ('available', 'busy') AND NOT deleted
        include: [vin]
        with: {fillfactor: 80}
        maintenance_work_mem: 512MB
        workers: 2
        wait_for_old_snapshots: 5min
        """),
    CreateCase(testDescription: "partitioned", yaml: "{table: parts, columns: [id], name: parts_by_id}"),
    CreateCase(
      testDescription: "leftover", yaml: "{table: vehicles, columns: [status], name: i}",
      setup: "CREATE INDEX i ON vehicles (status); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass"),
    CreateCase(
      testDescription: "exists", yaml: "{table: vehicles, columns: [status], name: i}",
      setup: "CREATE INDEX i ON vehicles (status)"),
  ]

  @Test("compiles to", arguments: programs)
  func program(wanted: CreateCase) async throws {
    if !wanted.setup.isEmpty { try await TestDatabase.current.script(wanted.setup) }
    let program = try await compile(IndexCreate.self, wanted.yaml)
    try Snapshot.expect(ProgramText.of(program), named: "create-\(wanted.testDescription)")
  }

  @Test("after a run there is nothing to do, after an undo all as before", arguments: [
    "{table: vehicles, columns: [organization_id, status]}",
    "{table: vehicles, columns: [{expression: lower(plate)}], unique: false, where: NOT deleted}",
    "{table: parts, columns: [day, id], unique: true}",
  ])
  func roundTrip(yaml: String) async throws {
    let program = try await compile(IndexCreate.self, yaml)
    #expect(program.refusals.isEmpty && !program.operations.isEmpty)
    let connection = try await TestDatabase.current.connect()
    try await DirectRun(connection).run(program.operations)
    let again = try await compile(IndexCreate.self, yaml)
    #expect(again.operations.isEmpty && again.findings.map(\.code) == ["index.exists"])
    try await DirectRun(connection).undo(program.operations)
    await connection.close()
    #expect(try await compile(IndexCreate.self, yaml).operations == program.operations)
  }

  @Test("says what it found", arguments: [
    ("index.table", "{table: vehicels, columns: [status]}", ""),
    ("index.table", "{table: busy, columns: [one]}", ""),
    ("index.column", "{table: vehicles, columns: [statsu]}", ""),
    ("index.not_immutable", "{table: vehicles, columns: [next_service], where: next_service < CURRENT_DATE}", ""),
    ("index.duplicates", "{table: vehicles, columns: [plate], unique: true}", ""),
    ("index.duplicates", "{table: vehicles, columns: [vin], unique: true, nulls_not_distinct: true}", ""),
    ("index.duplicate", "{table: vehicles, columns: [status], name: other}", "CREATE INDEX i ON vehicles (status)"),
    ("index.redundant", "{table: vehicles, columns: [status]}", "CREATE INDEX i ON vehicles (status, mileage)"),
    (
      "index.redundant", "{table: vehicles, columns: [organization_id], where: \"status = 'available' AND NOT deleted\"}",
      "CREATE INDEX i ON vehicles (organization_id, status) WHERE NOT deleted"
    ),
    ("index.makes_redundant", "{table: vehicles, columns: [status, mileage]}", "CREATE INDEX i ON vehicles (status)"),
    ("index.brin_correlation", "{table: vehicles, columns: [next_service], method: brin}", ""),
    ("index.brin_small", "{table: vehicles, columns: [seen], method: brin}", ""),
    ("index.brin_summarize", "{table: vehicles, columns: [seen], method: brin}", ""),
    ("index.partial", "{table: vehicles, columns: [status], where: NOT deleted}", ""),
    ("index.conflict", "{table: vehicles, columns: [status], name: i}", "CREATE INDEX i ON vehicles (mileage)"),
    ("index.conflict", "{table: vehicles, columns: [status], name: busy}", ""),
    (
      "index.invalid_neighbour", "{table: vehicles, columns: [status]}",
      "CREATE INDEX x_ccnew ON vehicles (vin); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'x_ccnew'::regclass"
    ),
    ("index.partition_key", "{table: parts, columns: [id], unique: true}", ""),
    ("index.partitions", "{table: parts, columns: [id]}", ""),
    (
      "index.size", "{table: vehicles, columns: [status]}",
      "UPDATE pg_class SET reltuples = 1e8 WHERE oid = 'vehicles'::regclass"
    ),
    (
      "index.hot", "{table: vehicles, columns: [organization_id], include: [mileage]}",
      """
      ALTER TABLE vehicles SET (fillfactor = 40); VACUUM FULL vehicles; UPDATE vehicles SET mileage = mileage + 1;
      UPDATE vehicles SET mileage = mileage + 1; SELECT pg_stat_force_next_flush()
      """
    ),
  ])
  func findings(code: String, yaml: String, setup: String) async throws {
    if !setup.isEmpty {
      let session = try await TestDatabase.current.connect()
      for statement in setup.split(separator: ";") { _ = try await session.query(SQL(verbatim: String(statement))) }
      await session.close()
    }
    let program = try await compile(IndexCreate.self, yaml)
    let found = program.findings.filter { $0.code == code }
    #expect(!found.isEmpty, "found: \(program.findings.map(\.code))")
    for finding in found where finding.severity == .refusal { #expect(!finding.choices.isEmpty) }
    #expect(found.allSatisfy { $0.range.map { $0.file == "plan.yaml" } ?? false })
  }

  @Test("does not warn where there is nothing to warn of", arguments: [
    "{table: vehicles, columns: [vin], unique: true}",
    "{table: vehicles, columns: [seen]}",
    "{table: parts, columns: [id, day], unique: true}",
  ])
  func quiet(yaml: String) async throws {
    let program = try await compile(IndexCreate.self, yaml)
    #expect(program.findings.filter { $0.severity != .note }.map(\.message).isEmpty)
  }

  @Test("another session's build of the same index is named, not taken for debris")
  func running() async throws {
    let database = TestDatabase.current
    let writer = try await database.connect()
    _ = try await writer.script("BEGIN; UPDATE vehicles SET vin = vin WHERE id = 1")
    let builder = try await database.connect()
    async let building: Void = {
      _ = try? await builder.query("CREATE INDEX CONCURRENTLY i ON vehicles (status)")
    }()
    try await database.until(
      "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE pid = \(builder.backendPID) AND phase LIKE 'waiting%')")
    let program = try await compile(IndexCreate.self, "{table: vehicles, columns: [status], name: i}")
    let refusal = try #require(program.refusals.first)
    #expect(refusal.code == "index.running")
    #expect(refusal.message.contains("backend \(builder.backendPID)"))
    await writer.close()
    await building
    await builder.close()
  }

  @Test("a plan that makes no sense is refused while it is read", arguments: [
    "{table: t, columns: []}", "{table: t, columns: [\"lower(x)\"]}", "{table: t, columns: [{}]}",
    "{table: t, columns: [{column: a, expression: b}]}", "{table: t, columns: [a], nulls_not_distinct: true}",
    "{table: t, columns: [a], method: btre}", "{table: t, columns: [a], workers: -1}", "{columns: [a]}",
    "{table: t, columns: [a], name: x123456789x123456789x123456789x123456789x123456789x123456789x123456789}",
  ])
  func unreadable(yaml: String) {
    #expect(throws: InvalidInput.self) { try IndexCreate.Parameters.read(yaml: yaml) }
  }
}
