import SQLText
import Testing

@Suite("Locks")
struct StatementLocksTests {
  @Test(
    "each command's lock on the table it names",
    arguments: [
      ("SELECT * FROM t", "ACCESS SHARE t"), ("SELECT * FROM t FOR SHARE", "ROW SHARE t"),
      ("SELECT * FROM t x, u FOR UPDATE OF x", "ROW SHARE t, ACCESS SHARE u"),
      ("SELECT * FROM a.t, pg_class", "ACCESS SHARE a.t, ACCESS SHARE pg_catalog.pg_class"),
      ("WITH u AS (SELECT 1 FROM t) SELECT * FROM u", "ACCESS SHARE t"),
      ("WITH t AS (SELECT * FROM t) SELECT * FROM t", "ACCESS SHARE t"),
      ("WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT * FROM r", ""),
      ("WITH u AS (SELECT 1) SELECT * FROM s.u", "ACCESS SHARE s.u"),
      ("SELECT 1 WHERE EXISTS (SELECT 1 FROM t)", "ACCESS SHARE t"),
      ("SELECT 1 UNION SELECT a FROM t", "ACCESS SHARE t"),
      ("INSERT INTO t SELECT * FROM u", "ROW EXCLUSIVE t, ACCESS SHARE u"),
      ("UPDATE t SET a = 1 FROM u", "ROW EXCLUSIVE t, ACCESS SHARE u"), ("DELETE FROM t", "ROW EXCLUSIVE t"),
      ("MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", "ROW EXCLUSIVE t, ACCESS SHARE u"),
      ("WITH d AS (DELETE FROM t RETURNING 1) SELECT * FROM d", "ROW EXCLUSIVE t"),
      ("EXPLAIN UPDATE t SET a = 1", "ROW EXCLUSIVE t"), ("COPY t FROM STDIN", "ROW EXCLUSIVE t"),
      ("COPY t TO STDOUT", "ACCESS SHARE t"), ("COPY (SELECT * FROM u) TO STDOUT", "ACCESS SHARE u"),
      ("CREATE INDEX ON t (a)", "SHARE t"), ("CREATE INDEX CONCURRENTLY ON t (a)", "SHARE UPDATE EXCLUSIVE t"),
      ("DROP TABLE t, s.u", "ACCESS EXCLUSIVE t, ACCESS EXCLUSIVE s.u"),
      ("DROP INDEX CONCURRENTLY i", "SHARE UPDATE EXCLUSIVE i"), ("DROP TRIGGER g ON t", "ACCESS EXCLUSIVE t"),
      ("TRUNCATE t, u", "ACCESS EXCLUSIVE t, ACCESS EXCLUSIVE u"), ("LOCK t IN SHARE MODE", "SHARE t"),
      ("LOCK t", "ACCESS EXCLUSIVE t"), ("LOCK t IN ROW EXCLUSIVE MODE", "ROW EXCLUSIVE t"),
      ("VACUUM t", "SHARE UPDATE EXCLUSIVE t"), ("VACUUM (FULL) t", "ACCESS EXCLUSIVE t"),
      ("ANALYZE t", "SHARE UPDATE EXCLUSIVE t"), ("CLUSTER t USING i", "ACCESS EXCLUSIVE t"),
      ("REINDEX TABLE t", "SHARE t"), ("REINDEX INDEX i", "ACCESS EXCLUSIVE i"),
      ("REINDEX TABLE CONCURRENTLY t", "SHARE UPDATE EXCLUSIVE t"),
      ("REFRESH MATERIALIZED VIEW m", "ACCESS EXCLUSIVE m"),
      ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", "EXCLUSIVE m"),
      ("CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", "SHARE ROW EXCLUSIVE t"),
      ("CREATE RULE r AS ON INSERT TO t DO NOTHING", "ACCESS EXCLUSIVE t"),
      ("CREATE POLICY p ON t USING (true)", "ACCESS EXCLUSIVE t"),
      ("CREATE STATISTICS s ON a, b FROM t", "SHARE UPDATE EXCLUSIVE t"),
      ("COMMENT ON COLUMN s.t.c IS 'x'", "SHARE UPDATE EXCLUSIVE s.t"),
      ("CREATE OR REPLACE VIEW v AS SELECT * FROM t", "ACCESS SHARE t, ACCESS EXCLUSIVE v"),
      ("CREATE TABLE n AS SELECT * FROM t", "ACCESS SHARE t"), ("CREATE TABLE n (a int)", ""),
      ("CREATE TABLE n (a int REFERENCES t, LIKE u)", "SHARE ROW EXCLUSIVE t, ACCESS SHARE u"),
      ("CREATE TABLE p PARTITION OF t DEFAULT", "ACCESS EXCLUSIVE t"),
      ("CREATE TABLE p () INHERITS (t)", "SHARE UPDATE EXCLUSIVE t"),
      ("ALTER TABLE t RENAME TO u", "ACCESS EXCLUSIVE t"), ("ALTER INDEX i RENAME TO j", "SHARE UPDATE EXCLUSIVE i"),
      ("ALTER TABLE t SET SCHEMA s", "ACCESS EXCLUSIVE t"),
    ])
  func commands(text: String, expected: String) throws { #expect(try locks(text) == expected) }

  @Test(
    "ALTER TABLE takes the strongest of its subcommands' locks",
    arguments: [
      ("ADD COLUMN c int", "ACCESS EXCLUSIVE t"), ("ALTER a TYPE text", "ACCESS EXCLUSIVE t"),
      ("VALIDATE CONSTRAINT c", "SHARE UPDATE EXCLUSIVE t"), ("ALTER a SET STATISTICS 100", "SHARE UPDATE EXCLUSIVE t"),
      ("ALTER a SET (n_distinct = 5)", "SHARE UPDATE EXCLUSIVE t"),
      ("ALTER a SET STORAGE external", "ACCESS EXCLUSIVE t"),
      ("ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES s.u", "SHARE ROW EXCLUSIVE t, SHARE ROW EXCLUSIVE s.u"),
      ("ADD COLUMN c int REFERENCES u", "ACCESS EXCLUSIVE t, SHARE ROW EXCLUSIVE u"),
      ("ADD CHECK (a > 0) NOT VALID", "ACCESS EXCLUSIVE t"), ("ADD UNIQUE USING INDEX i", "ACCESS EXCLUSIVE t"),
      ("DISABLE TRIGGER ALL", "SHARE ROW EXCLUSIVE t"), ("SET (fillfactor = 70)", "SHARE UPDATE EXCLUSIVE t"),
      ("SET (autovacuum_enabled = off, user_catalog_table = true)", "ACCESS EXCLUSIVE t"),
      ("ATTACH PARTITION p DEFAULT", "SHARE UPDATE EXCLUSIVE t, ACCESS EXCLUSIVE p"),
      ("DETACH PARTITION p", "ACCESS EXCLUSIVE t, ACCESS EXCLUSIVE p"),
      ("DETACH PARTITION p CONCURRENTLY", "SHARE UPDATE EXCLUSIVE t, ACCESS EXCLUSIVE p"),
      ("VALIDATE CONSTRAINT c, ADD FOREIGN KEY (a) REFERENCES u", "SHARE ROW EXCLUSIVE t, SHARE ROW EXCLUSIVE u"),
      ("INHERIT u", "ACCESS EXCLUSIVE t, SHARE UPDATE EXCLUSIVE u"), ("CLUSTER ON i", "SHARE UPDATE EXCLUSIVE t"),
      ("ENABLE ROW LEVEL SECURITY", "ACCESS EXCLUSIVE t"), ("REPLICA IDENTITY FULL", "ACCESS EXCLUSIVE t"),
    ])
  func alterations(command: String, expected: String) throws {
    #expect(try locks("ALTER TABLE t \(command)") == expected)
  }

  private func locks(_ text: String) throws -> String {
    try SQLParser.parseOne(text).locks.map { lock in
      let name = lock.relation.schema == "public" ? lock.relation.name : lock.relation.description
      return "\(lock.mode.rawValue) \(name)"
    }.joined(separator: ", ")
  }
}
