@testable import PartitionSwap
import PluginAPI
import TestSupport
import Testing

private let tables = """
  CREATE TABLE orgs (id int PRIMARY KEY);
  CREATE TABLE "T t" (k int, org int REFERENCES orgs) PARTITION BY RANGE (k);
  CREATE TABLE t0 PARTITION OF "T t" FOR VALUES FROM (0) TO (100);
  CREATE TABLE t1 PARTITION OF "T t" FOR VALUES FROM (100) TO (200);
  ALTER TABLE t1 ENABLE ROW LEVEL SECURITY;
  CREATE POLICY p ON t1 USING (org = 1);
  GRANT SELECT ON t1 TO pg_monitor;
  CREATE INDEX t1_org ON t1 (org);
  INSERT INTO "T t" VALUES (150);
  """

@Suite("programs about partitions", .database(template: tables))
struct SnapshotTests {
  @Test("partition.maintain compiles to")
  func maintain() async throws {
    let program = try await compile(PartitionMaintain.self, "{table: '\"T t\"', premake: 1, keep: 50, retire: drop}")
    try Snapshot.expect(ProgramText.of(program).withoutOids, named: "maintain")
  }

  @Test("with rows in the default partition it compiles to")
  func drain() async throws {
    try await TestDatabase.current.script("CREATE TABLE rest PARTITION OF \"T t\" DEFAULT; INSERT INTO \"T t\" VALUES (250)")
    let program = try await compile(PartitionMaintain.self, "{table: '\"T t\"', premake: 0}")
    try Snapshot.expect(ProgramText.of(program).withoutOids, named: "drain")
  }

  @Test("partition.detach compiles to")
  func detach() async throws {
    let program = try await compile(PartitionDetach.self, "{table: '\"T t\"', partitions: [t0], then: keep}")
    try Snapshot.expect(ProgramText.of(program).withoutOids, named: "detach")
  }
}

extension String {
  /// Numbers of objects differ from database to database.
  fileprivate var withoutOids: String { replacing(#/"oid":[0-9]+/#, with: "\"oid\":0").replacing(#/'[0-9]+'::oid/#, with: "'0'::oid") }
}
