@testable import ConcurrentIndex
import PluginAPI
import TestSupport
import Testing

private let tables = """
  CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, name text, UNIQUE (n));
  CREATE UNIQUE INDEX t_name ON t (name);
  CREATE TABLE r (name text REFERENCES t (name), n int NOT NULL);
  CREATE UNIQUE INDEX r_n ON r (n);
  ALTER TABLE r REPLICA IDENTITY USING INDEX r_n;
  CREATE INDEX t_odd ON t (lower(name) DESC, n) INCLUDE (id) WITH (fillfactor = 70) WHERE n > 5;
  ALTER INDEX t_odd ALTER COLUMN 1 SET STATISTICS 500;
  COMMENT ON INDEX t_odd IS 'it''s odd';
  CREATE INDEX t_clustered ON t (n DESC);
  ALTER TABLE t CLUSTER ON t_clustered;
  CREATE TABLE p (id int, day date) PARTITION BY RANGE (day);
  CREATE TABLE p_rest PARTITION OF p DEFAULT;
  CREATE INDEX p_id ON p (id);
  COMMENT ON INDEX p_rest_id_idx IS 'child';
  """

@Suite("index.drop", .database(template: tables))
struct IndexDropTests {
  private func facts(_ name: String) async throws -> IndexFacts? {
    try await ReadOnlyFacts.with(.current) { try await $0.index(QualifiedName("public", name)) }
  }

  @Test("compiles to", arguments: ["t_odd", "p_id"])
  func program(name: String) async throws {
    try Snapshot.expect(ProgramText.of(try await compile(IndexDrop.self, "{name: \(name)}")), named: "drop-\(name)")
  }

  @Test("what was dropped is built again as it was", arguments: ["t_odd", "t_clustered", "p_id", "p_rest_id_idx of p_id", "t_name"])
  func roundTrip(what: String) async throws {
    let looked = String(what.split(separator: " ")[0]), dropped = String(what.split(separator: " ").last ?? "")
    if dropped == "t_name" { try await TestDatabase.current.sql("ALTER TABLE r DROP CONSTRAINT r_name_fkey") }
    var before = try #require(try await facts(looked))
    let program = try await compile(IndexDrop.self, "{name: \(dropped)}")
    #expect(program.refusals.isEmpty)
    let connection = try await TestDatabase.current.connect()
    try await DirectRun(connection).run(program.operations)
    #expect(try await facts(looked) == nil)
    try await DirectRun(connection).undo(program.operations)
    await connection.close()
    let after = try #require(try await facts(looked))
    before.oid = after.oid
    before.bytes = after.bytes
    #expect(after == before)
  }

  @Test("refuses", arguments: [
    ("index.constraint", "{name: t_pkey}"), ("index.constraint", "{name: t_n_key}"),
    ("index.attached", "{name: p_rest_id_idx}"), ("index.replica_identity", "{name: r_n}"),
    ("index.foreign_key", "{name: t_name}"), ("index.absent", "{name: p}"),
    ("index.statistics_young", "{name: t_odd, only_if_unused: {}}"),
  ])
  func refuses(code: String, yaml: String) async throws {
    let refusals = try await compile(IndexDrop.self, yaml).refusals
    #expect(refusals.map(\.code) == [code])
    #expect(refusals.allSatisfy { !$0.choices.isEmpty })
  }

  @Test("an absent index is as wanted, with the name that was perhaps meant")
  func absent() async throws {
    let program = try await compile(IndexDrop.self, "{name: t_ood}")
    #expect(program.operations.isEmpty && program.refusals.isEmpty)
    #expect(program.findings.first?.message.contains("did you mean public.t_odd?") ?? false)
  }

  @Test("an index in use stays")
  func used() async throws {
    let connection = try await TestDatabase.current.connect()
    _ = try await connection.script(
      """
      INSERT INTO t SELECT g, g, 'n' || g FROM generate_series(1, 1000) g; ANALYZE t;
      SET enable_seqscan = off; SELECT * FROM t WHERE name = 'n5'; SELECT pg_stat_force_next_flush()
      """)
    _ = try await connection.query("SELECT 1")
    await connection.close()
    let program = try await compile(IndexDrop.self, "{name: t_name, only_if_unused: {stats_age: 1ms}}")
    #expect(program.refusals.map(\.code).contains("index.used"))
    let unused = try await compile(IndexDrop.self, "{name: t_odd, only_if_unused: {stats_age: 1ms}}")
    #expect(unused.refusals.isEmpty)
  }

  @Test("replicas are refused while the plan is read")
  func replicas() {
    #expect(throws: InvalidInput.self) {
      try IndexDrop.Parameters.read(yaml: "{name: i, only_if_unused: {replicas: [a]}}")
    }
  }
}
