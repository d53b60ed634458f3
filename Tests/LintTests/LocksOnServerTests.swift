import PostgresClient
import SQLText
import TestSupport
import Testing

private let schema = """
  CREATE SCHEMA s;
  CREATE TABLE t (a int PRIMARY KEY, b int, CONSTRAINT c CHECK (a > 0) NOT VALID);
  CREATE INDEX i ON t (b);
  CREATE TABLE s.u (a int PRIMARY KEY);
  CREATE TABLE p (a int) PARTITION BY RANGE (a);
  CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2);
  CREATE TABLE p2 (a int);
  CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
  CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
  CREATE VIEW v AS SELECT * FROM s.u;
  CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
  CREATE UNIQUE INDEX ON m (a);
  """

@Suite("Locks on a server", .database(template: schema))
struct LocksOnServerTests {
  @Test(
    "the locks read from the text are those the server holds",
    arguments: [
      "SELECT * FROM t", "SELECT * FROM t FOR SHARE", "SELECT * FROM t x, s.u FOR UPDATE OF x",
      "WITH d AS (DELETE FROM t RETURNING a) INSERT INTO s.u SELECT a FROM d", "UPDATE t SET b = 1 FROM s.u",
      "MERGE INTO t USING s.u ON t.a = u.a WHEN MATCHED THEN DELETE", "EXPLAIN UPDATE t SET b = 1",
      "CREATE INDEX ON t (b)", "TRUNCATE t", "LOCK t IN SHARE MODE", "LOCK TABLE t, s.u IN EXCLUSIVE MODE",
      "ANALYZE t", "CLUSTER t USING t_pkey", "REINDEX TABLE t", "REFRESH MATERIALIZED VIEW m",
      "REFRESH MATERIALIZED VIEW CONCURRENTLY m", "CREATE TRIGGER h AFTER INSERT ON t EXECUTE FUNCTION f()",
      "DROP TRIGGER g ON t", "CREATE RULE r AS ON INSERT TO t DO NOTHING", "CREATE POLICY p ON t USING (true)",
      "CREATE STATISTICS x ON a, b FROM t", "COMMENT ON COLUMN t.a IS 'x'", "COMMENT ON TABLE t IS 'x'",
      "CREATE OR REPLACE VIEW v AS SELECT a FROM s.u", "CREATE TABLE n AS SELECT * FROM t",
      "CREATE TABLE n (b int REFERENCES t, LIKE s.u)",
      "CREATE TABLE n PARTITION OF p FOR VALUES FROM (5) TO (6)", "CREATE TABLE n () INHERITS (t)",
      "ALTER TABLE t ADD COLUMN d int", "ALTER TABLE t VALIDATE CONSTRAINT c", "ALTER TABLE t ALTER b SET STATISTICS 9",
      "ALTER TABLE t ALTER b SET (n_distinct = 5)", "ALTER TABLE t ALTER b TYPE bigint", "ALTER TABLE t CLUSTER ON i",
      "ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES s.u", "ALTER TABLE t ADD d int REFERENCES s.u",
      "ALTER TABLE t ADD CHECK (b > 0) NOT VALID", "ALTER TABLE t DISABLE TRIGGER ALL",
      "ALTER TABLE t SET (fillfactor = 70)",
      "ALTER TABLE t SET (user_catalog_table = true)", "ALTER TABLE t REPLICA IDENTITY FULL",
      "ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (3) TO (4)", "ALTER TABLE p DETACH PARTITION p1",
      "ALTER TABLE t VALIDATE CONSTRAINT c, ADD FOREIGN KEY (b) REFERENCES s.u",
      "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    ])
  func agree(text: String) async throws {
    let expected = try SQLParser.parseOne(text).locks.map { "\($0.mode.rawValue) \($0.relation)" }.sorted()
    #expect(try await held(after: text) == expected)
  }

  /// The strongest lock on each table, view or materialized view of ours, in PostgreSQL's words for modes.
  private func held(after text: String) async throws -> [String] {
    let connection = try await TestDatabase.current.connect()
    try await connection.query("CREATE TEMP TABLE before AS SELECT oid FROM pg_class")
    try await connection.query("BEGIN")
    try await connection.query(SQL(verbatim: text))
    let rows = try await connection.query(
      """
      SELECT n.nspname, c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
      JOIN pg_namespace n ON n.oid = c.relnamespace JOIN before b ON b.oid = c.oid
      WHERE l.pid = pg_backend_pid() AND c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname IN ('public', 's')
      """
    ).rows
    await connection.close()
    return try rows.reduce(into: [String: LockMode]()) { all, row in
      let name = QualifiedName(try row.string("nspname"), try row.string("relname")).description
      let mode = try #require(LockMode.allCases.first { $0.catalogName == row["mode"] })
      all[name] = max(all[name] ?? mode, mode)
    }.map { "\($0.value.rawValue) \($0.key)" }.sorted()
  }
}

extension LockMode {
  /// `AccessExclusiveLock`, as pg_locks spells it.
  fileprivate var catalogName: String {
    rawValue.split(separator: " ").map { $0.prefix(1) + $0.dropFirst().lowercased() }.joined() + "Lock"
  }
}
