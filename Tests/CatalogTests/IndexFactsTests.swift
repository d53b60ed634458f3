import Catalog
import SQLText
import TestSupport
import Testing

private let tables = """
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE TABLE t (id int PRIMARY KEY, name varchar(20), "Odd, name" text, n int, deleted bool);
  CREATE TABLE p (id int, day date) PARTITION BY RANGE (day);
  CREATE TABLE p_a PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE p_rest PARTITION OF p DEFAULT;
  CREATE INDEX p_id ON p (id);
  """

@Suite("facts about indexes", .contrib("pg_trgm"), .database(template: tables))
struct IndexFactsTests {
  private func index(_ name: String) async throws -> IndexFacts? {
    try await ReadOnlyFacts.with(.current) { try await $0.index(QualifiedName("public", name)) }
  }

  @Test("every part of a definition is read")
  func parts() async throws {
    try await TestDatabase.current.script(
      """
      CREATE UNIQUE INDEX i ON t (name COLLATE "C" text_pattern_ops DESC NULLS LAST, (lower("Odd, name")), n DESC)
        INCLUDE (deleted) NULLS NOT DISTINCT WITH (fillfactor = 70) WHERE n > 5;
      ALTER INDEX i ALTER COLUMN 2 SET STATISTICS 500;
      COMMENT ON INDEX i IS 'it''s mine';
      """)
    let found = try #require(try await index("i"))
    #expect(found.table == QualifiedName("public", "t"))
    #expect(found.method == "btree")
    #expect(found.keys.map(\.column) == ["name", nil, "n"])
    #expect(found.keys.map(\.operatorClass?.name) == ["text_pattern_ops", "text_ops", "int4_ops"])
    #expect(found.keys[0].collation == QualifiedName("pg_catalog", "C"))
    #expect(found.keys.map(\.isDescending) == [true, false, true])
    #expect(found.keys.map(\.nullsFirst) == [false, false, true])
    #expect(found.keys[1].text == "lower(\"Odd, name\")")
    #expect(found.keys[1].statisticsTarget == 500)
    #expect(found.include == ["deleted"])
    #expect(found.columns == ["Odd, name", "deleted", "n", "name"])
    #expect(found.predicate == "(n > 5)")
    #expect(found.options == ["fillfactor=70"])
    #expect(found.comment == "it's mine")
    #expect(found.isUnique && found.nullsNotDistinct && found.isValid && found.isReady && !found.isClustered)
    #expect(!found.isPrimary && found.constraint == nil && found.parent == nil && !found.isPartitioned)
    #expect(
      found.signature == "btree unique nulls_not_distinct (\"name\" pg_catalog.text_pattern_ops pg_catalog.C desc, "
        + "<expression> pg_catalog.text_ops, \"n\" pg_catalog.int4_ops desc nulls_first) include (\"deleted\") "
        + "with (fillfactor=70) where")
  }

  @Test("a constraint's index names its constraint")
  func constraint() async throws {
    let found = try #require(try await index("t_pkey"))
    #expect(found.isPrimary && found.constraint == "t_pkey")
  }

  @Test("a partitioned index knows its children, they know it")
  func partitioned() async throws {
    try await ReadOnlyFacts.with(.current) { (facts) async throws -> Void in
      let parent = try #require(try await facts.index(QualifiedName("public", "p_id")))
      #expect(parent.isPartitioned && parent.isValid && parent.bytes == 0)
      let children = try await facts.children(of: parent)
      #expect(children.map(\.name.name) == ["p_a_id_idx", "p_rest_id_idx"])
      #expect(children.allSatisfy { $0.parent == parent.name && $0.signature == parent.signature })
    }
  }

  @Test("usage counts the scans of all partitions")
  func usage() async throws {
    try await TestDatabase.current.script(
      """
      INSERT INTO p SELECT g, date '2026-01-01' + g % 60 FROM generate_series(1, 2000) g;
      ANALYZE p;
      SET enable_seqscan = off; SET enable_bitmapscan = off;
      SELECT day FROM p WHERE id = 5;
      SELECT pg_stat_force_next_flush();
      """)
    try await TestDatabase.current.sql("SELECT 1")
    let usage = try await ReadOnlyFacts.with(.current) { facts in
      try await facts.usage(of: try #require(try await facts.index(QualifiedName("public", "p_id"))))
    }
    #expect(usage.scans == 2)
    #expect(usage.statisticsAge >= 0)
  }

  @Test("what does not exist is nil, and near names are found")
  func absent() async throws {
    #expect(try await index("nope") == nil)
    try await ReadOnlyFacts.with(.current) { (facts) async throws -> Void in
      #expect(try await facts.relation(QualifiedName("public", "nope")) == nil)
      #expect(try await facts.indexNames(like: QualifiedName("public", "p_idd")).first?.name == "p_id")
      #expect(try await facts.relationNames(like: QualifiedName("public", "p_rset")).first?.name == "p_rest")
      #expect(try await facts.relationNames(like: QualifiedName("public", "completely_different")).isEmpty)
    }
  }

  @Test("the default operator class is the one the server takes", arguments: [
    ("text", "btree"), ("varchar(5)", "btree"), ("int", "btree"), ("int[]", "gin"), ("jsonb", "gin"), ("inet", "gist"),
    ("cidr", "btree"), ("mood", "btree"), ("mood", "hash"), ("short", "btree"), ("int4range", "gist"), ("name", "btree"),
    ("bpchar", "btree"), ("uuid", "brin"), ("timestamptz", "brin"), ("text", "spgist"), ("pair", "btree"),
    ("tsvector", "gin"), ("int4multirange", "gist"), ("short[]", "gin"), ("oidvector", "btree"), ("money", "hash"),
  ])
  func defaultOperatorClass(type: String, method: String) async throws {
    let database = TestDatabase.current
    try await database.script(
      """
      CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN short AS varchar(5); CREATE TYPE pair AS (a int, b int);
      CREATE TABLE o (c \(type));
      """)
    let mine = try await ReadOnlyFacts.with(database) { facts in
      let table = try #require(try await facts.relation(QualifiedName("public", "o")))
      let oid = try #require(try await facts.typeOid(of: "c", in: table))
      return try await facts.operatorClasses(method: method, type: oid).first { $0.isDefault }?.name
    }
    do {
      try await database.sql("CREATE INDEX oi ON o USING \(sql: method) (c)")
      #expect(try await index("oi")?.keys.first?.operatorClass == mine)
    } catch {
      #expect(mine == nil, "the server has none")
    }
  }

  @Test("text has no default for gin")
  func noDefault() async throws {
    try await ReadOnlyFacts.with(.current) { (facts) async throws -> Void in
      let classes = try await facts.operatorClasses(method: "gin", type: 25)
      #expect(classes.map(\.name.name) == ["gin_trgm_ops"])
      #expect(classes.allSatisfy { !$0.isDefault })
    }
  }
}
