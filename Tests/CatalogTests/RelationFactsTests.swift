import Catalog
import SQLText
import TestSupport
import Testing

private let tables = """
  CREATE TABLE t (id int PRIMARY KEY, name text COLLATE "C", at timestamptz);
  INSERT INTO t SELECT g, chr(65 + g % 26), now() FROM generate_series(1, 5000) g;
  ALTER TABLE t ALTER COLUMN name SET STATISTICS 250;
  ANALYZE t;
  CREATE TABLE p (id int, day date NOT NULL, region text) PARTITION BY RANGE (day);
  CREATE TABLE p_jan PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE p_feb PARTITION OF p FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY LIST (region);
  CREATE TABLE p_feb_eu PARTITION OF p_feb FOR VALUES IN ('eu');
  CREATE TABLE p_rest PARTITION OF p DEFAULT;
  CREATE VIEW v AS SELECT 1 AS one;
  """

@Suite("facts about relations", .database(template: tables))
struct RelationFactsTests {
  private func relation(_ name: String) async throws -> RelationFacts {
    try await ReadOnlyFacts.with(.current) { try #require(try await $0.relation(QualifiedName("public", name))) }
  }

  @Test("a table with its columns and statistics")
  func table() async throws {
    let found = try await relation("t")
    #expect(found.kind == .table && found.kind.canHaveIndexes && found.persistence == "p")
    #expect(found.rows == 5000)
    #expect(found.bytes > 100_000)
    #expect(found.columns.map(\.name) == ["id", "name", "at"])
    #expect(found.column("id")?.notNull == true)
    #expect(found.column("id")?.correlation == 1)
    #expect(found.column("name")?.collation == QualifiedName("pg_catalog", "C"))
    #expect(found.column("name")?.statisticsTarget == 250)
    #expect(found.column("name")?.averageWidth == 2)
    #expect(found.column("at")?.type == "timestamp with time zone")
    #expect(found.partitioning == nil && found.parent == nil)
  }

  @Test("a table never analyzed has no row count")
  func unknownRows() async throws {
    try await TestDatabase.current.sql("CREATE TABLE fresh (id int)")
    #expect(try await relation("fresh").rows == nil)
  }

  @Test("a partitioned table with its tree")
  func partitioned() async throws {
    let found = try await relation("p")
    let parts = try #require(found.partitioning)
    #expect(found.kind == .partitionedTable)
    #expect(parts.strategy == "range" && parts.columns == ["day"] && !parts.hasExpression)
    #expect(parts.partitions.map(\.name.name) == ["p_feb", "p_jan", "p_rest"])
    #expect(parts.leaves.map(\.name.name) == ["p_feb_eu", "p_jan", "p_rest"])
    #expect(parts.partitions.filter(\.isDefault).map(\.name.name) == ["p_rest"])
    #expect(try await relation("p_feb_eu").parent == QualifiedName("public", "p_feb"))
  }

  @Test("the share of HOT updates")
  func hot() async throws {
    for statement in [
      "ALTER TABLE t SET (fillfactor = 40)", "VACUUM FULL t", "UPDATE t SET name = 'x'",
      "SELECT pg_stat_force_next_flush()", "SELECT 1",
    ] {
      try await TestDatabase.current.sql(SQL(verbatim: statement))
    }
    let found = try await relation("t")
    #expect(found.updates == 5_000)
    #expect(found.hotUpdates > 3_000)
  }

  @Test("a view cannot have indexes")
  func view() async throws {
    #expect(try await !relation("v").kind.canHaveIndexes)
  }
}
