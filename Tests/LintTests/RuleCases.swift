import Lint
import SQLText
import Testing

/// One text and what a rule must say about it.
struct RuleCase: Sendable, CustomTestStringConvertible {
  let code: String
  let sql: String
  let isHit: Bool
  var context = LintContext()

  var testDescription: String { "\(code): \(sql)" }
}

extension RuleCase {
  static let all: [RuleCase] =
    texts.flatMap { code, hits, clean in
      hits.map { RuleCase(code: "lint." + code, sql: $0, isHit: true) }
        + clean.map { RuleCase(code: "lint." + code, sql: $0, isHit: false) }
    } + withCatalog

  private static let texts: [(String, hits: [String], clean: [String])] = [
    ("syntax", ["ALTER TABLE t ADD COLUM c int", "SELECT 1; SELEC 2; SELECT 3"], ["SELECT 1"]),
    (
      "refuses_transaction", ["BEGIN; CREATE INDEX CONCURRENTLY i ON t (a); COMMIT", "START TRANSACTION; VACUUM t"],
      ["CREATE INDEX CONCURRENTLY i ON t (a)", "BEGIN; SELECT 1; COMMIT; VACUUM t"]
    ),
    (
      "index_without_concurrently",
      ["CREATE INDEX i ON t (a)", "CREATE TABLE IF NOT EXISTS t (a int); CREATE INDEX ON t (a)"],
      [
        "CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE TABLE t (a int); CREATE INDEX ON t (a)",
        "CREATE INDEX i ON ONLY t (a)",
      ]
    ),
    (
      "index_if_not_exists", ["CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)"],
      ["CREATE INDEX CONCURRENTLY i ON t (a)"]
    ),
    (
      "index_not_immutable",
      [
        "CREATE INDEX ON t (a) WHERE at > CURRENT_DATE - INTERVAL '30 days'", "CREATE INDEX ON t ((now() - at))",
        "CREATE INDEX ON t (to_char(at, 'YYYY'))",
      ],
      ["CREATE INDEX ON t (lower(a)) WHERE at > '2025-01-01'", "CREATE INDEX ON t (my.now())"]
    ),
    ("drop_index_without_concurrently", ["DROP INDEX i"], ["DROP INDEX CONCURRENTLY i", "DROP TABLE t"]),
    ("reindex_without_concurrently", ["REINDEX TABLE t", "REINDEX DATABASE d"], ["REINDEX INDEX CONCURRENTLY i"]),
    (
      "foreign_key_validates",
      ["ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (id)", "ALTER TABLE t ADD c int DEFAULT 1 REFERENCES u"],
      [
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (id) NOT VALID", "ALTER TABLE t ADD c int REFERENCES u",
        "CREATE TABLE t (a int REFERENCES u)",
      ]
    ),
    (
      "check_validates", ["ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)"],
      ["ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "ALTER TABLE t VALIDATE CONSTRAINT c"]
    ),
    (
      "constraint_builds_index",
      [
        "ALTER TABLE t ADD PRIMARY KEY (id)", "ALTER TABLE t ADD UNIQUE (a)", "ALTER TABLE t ADD c int UNIQUE",
        "ALTER TABLE t ADD EXCLUDE USING gist (r WITH &&)",
      ],
      ["ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i"]
    ),
    (
      "set_not_null_scans",
      [
        "ALTER TABLE t ALTER a SET NOT NULL",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t ALTER a SET NOT NULL",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL OR b); ALTER TABLE t ALTER a SET NOT NULL",
      ],
      [
        """
        ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL AND b > 0) NOT VALID;
        ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL
        """, "ALTER TABLE t ALTER a DROP NOT NULL",
      ]
    ),
    (
      "not_null_without_default", ["ALTER TABLE t ADD c int NOT NULL"],
      [
        "ALTER TABLE t ADD c int NOT NULL DEFAULT 0", "ALTER TABLE t ADD c int",
        "ALTER TABLE t ADD c bigserial NOT NULL",
      ]
    ),
    ("type_change_rewrites", ["ALTER TABLE t ALTER a TYPE bigint"], ["ALTER TABLE t ALTER a SET DEFAULT 1"]),
    (
      "volatile_default",
      [
        "ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE t ADD c timestamptz DEFAULT clock_timestamp()",
        "ALTER TABLE t ADD c bigserial", "ALTER TABLE t ADD c int GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE t ADD c int GENERATED ALWAYS AS (a + 1) STORED", "ALTER TABLE t ADD c text DEFAULT my_id()",
      ],
      ["ALTER TABLE t ADD c timestamptz DEFAULT now()", "ALTER TABLE t ADD c text NOT NULL DEFAULT 'x'"]
    ),
    (
      "storage_rewrites", ["ALTER TABLE t SET UNLOGGED", "ALTER TABLE t SET TABLESPACE s"],
      ["ALTER TABLE t SET (fillfactor = 70)"]
    ),
    (
      "rename_breaks_callers",
      [
        "ALTER TABLE t RENAME TO u", "ALTER TABLE t RENAME COLUMN a TO b", "ALTER TABLE t SET SCHEMA s",
        "ALTER VIEW v RENAME TO w",
      ],
      ["ALTER INDEX i RENAME TO j", "CREATE TABLE n (a int); ALTER TABLE n RENAME TO t"]
    ),
    (
      "detach_without_concurrently", ["ALTER TABLE t DETACH PARTITION p"],
      ["ALTER TABLE t DETACH PARTITION p CONCURRENTLY"]
    ),
    (
      "attach_scans",
      [
        "ALTER TABLE t ATTACH PARTITION p DEFAULT",
        "ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t ATTACH PARTITION p DEFAULT",
      ],
      [
        "CREATE TABLE p (a int); ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM (1) TO (2)",
        """
        ALTER TABLE p ADD CONSTRAINT c CHECK (a IS NOT NULL AND a = 1) NOT VALID; ALTER TABLE p VALIDATE CONSTRAINT c;
        ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM (1) TO (2)
        """, "ALTER INDEX i ATTACH PARTITION j",
      ]
    ),
    (
      "partition_of_locks_parent", ["CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (2)"],
      [
        "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT",
        "CREATE TABLE p () INHERITS (t)",
      ]
    ),
    (
      "key_lacks_partition_column",
      [
        "CREATE TABLE t (id bigint PRIMARY KEY, at date) PARTITION BY RANGE (at)",
        "CREATE TABLE t (id bigint, at date, UNIQUE (id)) PARTITION BY RANGE (at)",
      ],
      [
        "CREATE TABLE t (id bigint, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE t (id bigint PRIMARY KEY)",
      ]
    ),
    (
      "like_copies_keys", ["CREATE TABLE n (LIKE t INCLUDING ALL) PARTITION BY RANGE (at)"],
      [
        "CREATE TABLE n (LIKE t INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (at)",
        "CREATE TABLE n (LIKE t INCLUDING ALL)",
      ]
    ),
    (
      "no_lock_timeout",
      [
        "ALTER TABLE t ADD c int", "SET lock_timeout = 0; ALTER TABLE t ADD c int",
        "BEGIN; SET LOCAL lock_timeout = '1s'; COMMIT; ALTER TABLE t ADD c int",
      ],
      [
        "SET lock_timeout = '1s'; ALTER TABLE t ADD c int",
        "BEGIN; SET LOCAL lock_timeout = '1s'; ALTER TABLE t ADD c int",
        "CREATE INDEX CONCURRENTLY i ON t (a)", "UPDATE t SET a = 1", "CREATE TABLE t (a int); ALTER TABLE t ADD c int",
      ]
    ),
    (
      "lock_order", ["BEGIN; ALTER TABLE b ADD c int; ALTER TABLE a ADD c int", "BEGIN; LOCK TABLE b, a"],
      [
        "BEGIN; ALTER TABLE a ADD c int; ALTER TABLE b ADD c int", "ALTER TABLE b ADD c int; ALTER TABLE a ADD c int",
        "BEGIN; LOCK TABLE a, b; ALTER TABLE a ADD c int", "BEGIN; UPDATE b SET c = 1; UPDATE a SET c = 1",
      ]
    ),
    ("vacuum_full", ["VACUUM FULL t", "VACUUM (FULL, ANALYZE)"], ["VACUUM (ANALYZE) t", "VACUUM (FULL false) t"]),
    ("cluster_rewrites", ["CLUSTER t USING i", "CLUSTER"], ["ALTER TABLE t CLUSTER ON i"]),
    (
      "explicit_lock", ["LOCK TABLE t IN ACCESS EXCLUSIVE MODE", "LOCK t IN SHARE MODE"],
      ["LOCK t IN ROW EXCLUSIVE MODE"]
    ),
    ("truncate", ["TRUNCATE t"], ["CREATE TABLE t (a int); TRUNCATE t", "DELETE FROM t WHERE a = 1"]),
    ("truncate_cascade", ["TRUNCATE t CASCADE"], ["TRUNCATE t"]),
    (
      "unbounded_write", ["UPDATE t SET a = 1", "DELETE FROM t"],
      ["UPDATE t SET a = 1 WHERE b", "CREATE TABLE t (a int); DELETE FROM t"]
    ),
    (
      "insert_select_whole_table", ["INSERT INTO n SELECT * FROM t"],
      [
        "INSERT INTO n SELECT * FROM t WHERE a = 1", "INSERT INTO n SELECT * FROM t LIMIT 5",
        "INSERT INTO n VALUES (1)",
        "INSERT INTO n SELECT generate_series(1, 10)",
      ]
    ),
    (
      "refresh_blocks_reads", ["REFRESH MATERIALIZED VIEW m"],
      [
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
        "CREATE MATERIALIZED VIEW m AS SELECT 1; REFRESH MATERIALIZED VIEW m",
      ]
    ),
    (
      "create_trigger_locks", ["CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"],
      ["CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"]
    ),
    (
      "disable_trigger", ["ALTER TABLE t DISABLE TRIGGER ALL", "ALTER TABLE t DISABLE TRIGGER g"],
      ["ALTER TABLE t ENABLE TRIGGER ALL"]
    ),
    (
      "security_definer_search_path", ["CREATE FUNCTION f() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"],
      [
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1'",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql SECURITY INVOKER AS 'SELECT 1'",
      ]
    ),
    (
      "refresh_in_trigger",
      [
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN refresh\n MATERIALIZED VIEW m; END $$"
      ],
      ["CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN REFRESH MATERIALIZED VIEW m; END $$"]
    ),
    (
      "fan_out_aggregate",
      [
        """
        CREATE MATERIALIZED VIEW m AS SELECT v.org, count(r.id), sum(m.cost) FROM vehicles v
        LEFT JOIN rentals r ON r.vehicle_id = v.id LEFT JOIN maintenance m ON m.vehicle_id = v.id GROUP BY 1
        """
      ],
      [
        "SELECT v.org, sum(m.cost) FROM vehicles v LEFT JOIN maintenance m ON m.vehicle_id = v.id GROUP BY 1",
        """
        SELECT v.org, count(DISTINCT r.id) FROM vehicles v
        LEFT JOIN rentals r ON r.vehicle_id = v.id LEFT JOIN maintenance m ON m.vehicle_id = v.id GROUP BY 1
        """,
        "SELECT sum(i.cost) FROM items i JOIN orders o ON i.order_id = o.id JOIN users u ON o.user_id = u.id",
      ]
    ),
    (
      "now_minus_literal",
      [
        "SELECT now() - '30 days'", "DELETE FROM t WHERE at < CURRENT_DATE - '1 year'",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM t WHERE at < now() - '1 day' $$",
      ],
      [
        "SELECT now() - interval '30 days'", "SELECT now() + '30 days'", "SELECT now() - '30 days'::interval",
        "SELECT a - '1' FROM t",
      ]
    ),
    (
      "format_identifier_glued",
      [
        "SELECT format('CREATE TABLE %I_p (LIKE x)', 'a')",
        "DO $$ BEGIN EXECUTE format('DROP TABLE idx_%I', n); END $$",
      ],
      [
        "SELECT format('CREATE TABLE %I.%I (a int)', 'a', 'b')", "SELECT format('%%I')",
        "DO $$ BEGIN EXECUTE format('SELECT %I, %s', a, b); END $$",
      ]
    ),
    (
      "identifier_too_long",
      [
        "CREATE TABLE \(String(repeating: "n", count: 64)) (a int)",
        "CREATE TABLE \"\(String(repeating: "é", count: 32))\" (a int)",
      ],
      [
        "CREATE TABLE \(String(repeating: "n", count: 63)) (a int)", "SELECT '\(String(repeating: "n", count: 99))'",
        "SELECT 1 -- \(String(repeating: "n", count: 99))", "SELECT E'\(String(repeating: "n", count: 99))'",
      ]
    ),
    (
      "drop_loses_data", ["DROP TABLE t", "ALTER TABLE t DROP COLUMN a"],
      ["DROP VIEW v", "CREATE TABLE t (a int); DROP TABLE t"]
    ),
    ("drop_cascade", ["DROP VIEW v CASCADE", "ALTER TABLE t DROP COLUMN a CASCADE"], ["DROP VIEW v"]),
    ("code_not_read", ["DO $$ BEGIN END $$", "CALL f()"], ["SELECT 1"]),
  ]

  private static let known = LintContext(serverVersion: 150_004, pinsLockTimeout: true) { name in
    var facts = KnownRelation(rows: name.name == "big" ? 5_000_000 : 10, bytes: nil)
    facts.columnTypes = ["a": name.name == "big" ? "bigint" : "integer", "v": "character varying(20)", "id": "integer"]
    facts.correlation = ["a": name.name == "big" ? 0.1 : 0.99]
    facts.provenNotNull = ["a"]
    facts.hasCheck = name.name == "checked"
    facts.dependents = name.name == "big" ? ["view public.v"] : []
    return facts
  }

  private static func catalog(_ code: String, _ isHit: Bool, _ sql: String) -> RuleCase {
    RuleCase(code: "lint." + code, sql: sql, isHit: isHit, context: known)
  }

  private static let withCatalog: [RuleCase] = [
    catalog("brin_scattered", true, "CREATE INDEX CONCURRENTLY ON big USING brin (a)"),
    catalog("brin_scattered", false, "CREATE INDEX CONCURRENTLY ON small USING brin (a)"),
    catalog("foreign_key_types", true, "ALTER TABLE big ADD FOREIGN KEY (a) REFERENCES small (id) NOT VALID"),
    catalog("foreign_key_types", false, "ALTER TABLE small ADD FOREIGN KEY (a) REFERENCES small (id) NOT VALID"),
    catalog("big_write", true, "DELETE FROM big WHERE a = 1"),
    catalog("big_write", false, "DELETE FROM small WHERE a = 1"),
    catalog("drop_with_dependents", true, "DROP TABLE big"),
    catalog("drop_with_dependents", false, "DROP TABLE small"),
    catalog("set_not_null_scans", false, "ALTER TABLE big ALTER a SET NOT NULL"),
    catalog("set_not_null_scans", true, "ALTER TABLE big ALTER v SET NOT NULL"),
    catalog("type_change_rewrites", false, "ALTER TABLE big ALTER v TYPE text"),
    catalog("type_change_rewrites", false, "ALTER TABLE big ALTER v TYPE varchar(40)"),
    catalog("type_change_rewrites", true, "ALTER TABLE big ALTER v TYPE varchar(10)"),
    catalog("attach_scans", false, "ALTER TABLE big ATTACH PARTITION checked DEFAULT"),
    catalog("no_lock_timeout", false, "ALTER TABLE big ADD c int"),
    RuleCase(
      code: "lint.session_behind_pooler", sql: "SET work_mem = '1GB'", isHit: true, context: LintContext(pooled: true)),
    RuleCase(
      code: "lint.session_behind_pooler", sql: "SET LOCAL work_mem = '1GB'", isHit: false,
      context: LintContext(pooled: true)),
    RuleCase(code: "lint.session_behind_pooler", sql: "SET work_mem = '1GB'", isHit: false),
  ]
}
