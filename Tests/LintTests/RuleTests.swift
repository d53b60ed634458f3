import Lint
import SQLText
import Testing

@Suite("Rules")
struct RuleTests {
  @Test("a rule speaks up where it should and is silent elsewhere", arguments: RuleCase.all)
  func speaks(example: RuleCase) {
    let codes = Linter.lint(example.sql, example.context).map(\.code)
    #expect(codes.contains(example.code) == example.isHit, "found: \(codes)")
  }

  @Test("every rule has an example it finds and one it does not", arguments: RuleRegistry.all.map { $0.code })
  func covered(code: String) {
    // About operations, not texts: ProgramTests.
    guard code != "lint.undeclared_lock" else { return }
    #expect(RuleCase.all.contains { $0.code == code && $0.isHit })
    #expect(RuleCase.all.contains { $0.code == code && !$0.isHit })
  }

  @Test("codes are unique, and each rule says what happens and what to do")
  func described() {
    #expect(Set(RuleRegistry.all.map { $0.code }).count == RuleRegistry.all.count)
    for rule in RuleRegistry.all {
      #expect(rule.code.hasPrefix("lint."))
      #expect(rule.summary.hasSuffix(".") && !rule.advice.isEmpty)
    }
  }

  @Test("every example but those of the syntax rule parses, so that silence means something", arguments: RuleCase.all)
  func parses(example: RuleCase) {
    guard example.code != "lint.syntax" else { return }
    #expect(!Linter.lint(example.sql).contains { $0.code == "lint.syntax" })
  }
}

@Suite("Known hazards")
struct HazardTests {
  /// Hazard, statement, the rule that names it: the corpus of `scripts/bench lint`.
  static let hazards: [(String, String, String)] = [
    ("create index without CONCURRENTLY", "CREATE INDEX i ON t (a);", "index_without_concurrently"),
    ("drop index without CONCURRENTLY", "DROP INDEX i;", "drop_index_without_concurrently"),
    ("CIC inside BEGIN", "BEGIN; CREATE INDEX CONCURRENTLY i ON t (a); COMMIT;", "refuses_transaction"),
    ("REINDEX without CONCURRENTLY", "REINDEX TABLE t;", "reindex_without_concurrently"),
    (
      "FK without NOT VALID", "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id);",
      "foreign_key_validates"
    ),
    ("CHECK without NOT VALID", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);", "check_validates"),
    ("SET NOT NULL", "ALTER TABLE t ALTER a SET NOT NULL;", "set_not_null_scans"),
    ("column type change", "ALTER TABLE t ALTER a TYPE bigint;", "type_change_rewrites"),
    ("volatile default", "ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid();", "volatile_default"),
    ("rename table", "ALTER TABLE t RENAME TO u;", "rename_breaks_callers"),
    ("DETACH without CONCURRENTLY", "ALTER TABLE t DETACH PARTITION p;", "detach_without_concurrently"),
    ("no lock_timeout", "ALTER TABLE t ADD COLUMN c int;", "no_lock_timeout"),
    ("VACUUM FULL", "VACUUM FULL t;", "vacuum_full"), ("CLUSTER", "CLUSTER t USING i;", "cluster_rewrites"),
    ("LOCK TABLE", "LOCK TABLE t IN ACCESS EXCLUSIVE MODE;", "explicit_lock"), ("TRUNCATE", "TRUNCATE t;", "truncate"),
    ("UPDATE without WHERE", "UPDATE t SET a = 1;", "unbounded_write"),
    ("DELETE without WHERE", "DELETE FROM t;", "unbounded_write"),
    ("REFRESH MV without CONCURRENTLY", "REFRESH MATERIALIZED VIEW mv;", "refresh_blocks_reads"),
    (
      "partitioned PK lacks the key",
      "CREATE TABLE t (id bigint PRIMARY KEY, at timestamptz NOT NULL) PARTITION BY RANGE (at);",
      "key_lacks_partition_column"
    ),
    (
      "LIKE INCLUDING ALL ... PARTITION BY",
      "CREATE TABLE t_new (LIKE t INCLUDING ALL) PARTITION BY RANGE (occurred_at);",
      "like_copies_keys"
    ),
    (
      "ATTACH without prior CHECK",
      "ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');", "attach_scans"
    ),
    (
      "non-immutable index predicate",
      "CREATE INDEX CONCURRENTLY i ON t (a) WHERE at > CURRENT_DATE - INTERVAL '30 days';", "index_not_immutable"
    ),
    ("INSERT..SELECT whole table", "INSERT INTO t_new SELECT * FROM t;", "insert_select_whole_table"),
    (
      "create trigger (lock)", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
      "create_trigger_locks"
    ),
    (
      "SECURITY DEFINER without search_path",
      "CREATE FUNCTION f() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';", "security_definer_search_path"
    ),
    ("syntax error", "ALTER TABLE t ADD COLUM c int;", "syntax"),
  ]

  @Test("each of the 27 is named by its own rule", arguments: hazards)
  func named(hazard: String, sql: String, rule: String) {
    #expect(Linter.lint(sql).contains { $0.code == "lint." + rule }, "\(hazard)")
  }
}
