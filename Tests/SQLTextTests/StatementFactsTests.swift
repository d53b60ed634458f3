import SQLText
import Testing

private func one(_ text: String) throws -> ParsedStatement { try SQLParser.parseOne(text) }

@Suite("Statements and transactions")
struct StatementFactsTests {
  @Test(
    "statements that refuse a transaction block",
    arguments: [
      "CREATE INDEX CONCURRENTLY i ON t (a)", "DROP INDEX CONCURRENTLY i", "REINDEX TABLE CONCURRENTLY t",
      "REINDEX (CONCURRENTLY) INDEX i", "REINDEX DATABASE d", "REINDEX SYSTEM d", "REINDEX SCHEMA s", "VACUUM",
      "VACUUM FULL t",
      "CREATE DATABASE d", "DROP DATABASE d", "CREATE TABLESPACE s LOCATION '/x'", "DROP TABLESPACE s",
      "ALTER SYSTEM SET a = 1", "ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "CLUSTER", "DISCARD ALL",
      "ALTER DATABASE d SET TABLESPACE s", "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "DROP SUBSCRIPTION s",
      "ALTER SUBSCRIPTION s REFRESH PUBLICATION", "ALTER SUBSCRIPTION s SET PUBLICATION p", "COMMIT PREPARED 'x'",
    ])
  func refusing(text: String) throws { #expect(try one(text).refusesTransaction) }

  @Test(
    "their neighbours that do not",
    arguments: [
      "CREATE INDEX i ON t (a)", "DROP INDEX i", "REINDEX TABLE t", "REINDEX (CONCURRENTLY false) TABLE t", "ANALYZE t",
      "ALTER DATABASE d SET work_mem = '1MB'", "ALTER TABLE t DETACH PARTITION p", "CLUSTER t", "DISCARD PLANS",
      "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = false)", "BEGIN",
      "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)", "ALTER SUBSCRIPTION s DISABLE",
    ])
  func accepting(text: String) throws { #expect(try !one(text).refusesTransaction) }

  @Test(
    "statements that need their session",
    arguments: [
      "LISTEN x", "SET search_path = a", "RESET ALL", "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p",
      "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "CREATE TEMP TABLE x (a int)", "CREATE TEMP TABLE x AS SELECT 1",
      "SELECT pg_advisory_lock(1)", "LOAD 'x'", "SELECT set_config('a', 'b', false)", "CREATE TEMP VIEW v AS SELECT 1",
      "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    ])
  func session(text: String) throws { #expect(try one(text).needsSession) }

  @Test(
    "statements that live within their transaction",
    arguments: [
      "SET LOCAL search_path = a", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SELECT pg_advisory_xact_lock(1)",
      "DECLARE c CURSOR FOR SELECT 1", "CREATE TEMP TABLE x (a int) ON COMMIT DROP",
      "SELECT set_config('a', 'b', true)",
      "NOTIFY x", "UPDATE t SET a = 1",
    ])
  func stateless(text: String) throws { #expect(try !one(text).needsSession) }

  @Test("transaction control and settings are told apart")
  func kinds() throws {
    for text in ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "PREPARE TRANSACTION 'x'", "RELEASE s"] {
      #expect(try one(text).isTransactionControl)
    }
    #expect(try one("SET a = 1").isSessionSetting)
    #expect(try !one("SET LOCAL a = 1").isSessionSetting)
    #expect(try one("SET LOCAL a = 1").isSetting)
  }

  @Test(
    "read-only statements",
    arguments: [
      "SELECT 1", "VALUES (1)", "SHOW a", "EXPLAIN DELETE FROM t", "EXPLAIN ANALYZE SELECT 1", "COPY t TO STDOUT",
      "WITH a AS (SELECT 1) SELECT * FROM a", "DECLARE c CURSOR FOR SELECT 1", "SELECT f(1)",
    ])
  func reading(text: String) throws { #expect(try one(text).isReadOnly) }

  @Test(
    "statements that write",
    arguments: [
      "SELECT 1 INTO t", "SELECT * FROM t FOR UPDATE", "WITH a AS (DELETE FROM t RETURNING 1) SELECT * FROM a",
      "EXPLAIN ANALYZE DELETE FROM t", "COPY t FROM STDIN", "COPY t TO PROGRAM 'x'", "SELECT nextval('s')",
      "CREATE TABLE t (a int)",
      "TRUNCATE t",
    ])
  func writing(text: String) throws { #expect(try !one(text).isReadOnly) }

  @Test("effects name what is created, altered, dropped, renamed and written")
  func effects() throws {
    let t = QualifiedName("public", "t")
    #expect(try one("CREATE TABLE t (a int)").effects.created == [t])
    #expect(try one("CREATE INDEX i ON s.t (a)").effects.created == [QualifiedName("s", "i")])
    #expect(try one("CREATE TABLE t AS SELECT 1").effects.created == [t])
    #expect(try one("SELECT 1 INTO t").effects.created == [t])
    #expect(try one("CREATE MATERIALIZED VIEW t AS SELECT 1").effects.created == [t])
    #expect(try one("ALTER TABLE t ADD a int").effects.altered == [t])
    #expect(try one("CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()").effects.altered == [t])
    #expect(try one("DROP TABLE t, s.u").effects.dropped == [t, QualifiedName("s", "u")])
    #expect(try one("DROP FUNCTION f").effects.dropped.isEmpty)
    #expect(try one("DROP TRIGGER g ON t").effects.altered == [t])
    let renamed = try one("ALTER TABLE t RENAME TO u").effects.renamed
    #expect(renamed == [.init(from: t, to: QualifiedName("public", "u"))])
    #expect(try one("ALTER TABLE t SET SCHEMA s").effects.renamed.first?.to == QualifiedName("s", "t"))
    #expect(try one("ALTER TABLE t RENAME COLUMN a TO b").effects == StatementEffects(altered: [t]))
    #expect(
      try one("WITH a AS (DELETE FROM u RETURNING 1) INSERT INTO t SELECT * FROM a").effects.touched
        == [t, QualifiedName("public", "u")])
    #expect(try one("TRUNCATE t").effects.written == [t])
    #expect(try one("LOCK TABLE t").effects == StatementEffects())
  }

  @Test(
    "opaque statements run code that is not shown",
    arguments: [
      ("DO $$ BEGIN END $$", true), ("CALL f()", true), ("SELECT f(1)", true), ("SELECT my.now()", true),
      ("SELECT now(), count(*), pg_backend_pid()", false), ("DROP TABLE t CASCADE", true), ("DROP TABLE t", false),
      ("SELECT extract(year FROM a), trim(b), coalesce(c, d) FROM t", false), ("CREATE EXTENSION x", true),
    ])
  func opaque(text: String, expected: Bool) throws { #expect(try one(text).effects.opaque == expected) }
}
