import Lint
import SQLText
import Testing

@Suite("Linting a text")
struct LinterTests {
  @Test("a finding points at the line and says what, whom and how instead")
  func findings() throws {
    let findings = Linter.lint(
      "SELECT 1;\n\n-- why\n  CREATE INDEX i\n  ON t (a);\n", LintContext(pinsLockTimeout: true))
    let finding = try #require(findings.first)
    #expect(findings.count == 1)
    #expect(finding.line == 4)
    #expect(finding.position.column == 3)
    #expect(finding.severity == .warning)
    #expect(finding.message.contains("SHARE lock on public.t"))
    #expect(finding.message.contains("INSERT, UPDATE and DELETE"))
    #expect(finding.rewrite.contains("CONCURRENTLY"))
  }

  @Test("a place inside a statement of several lines is exact")
  func places() throws {
    let sql = "ALTER TABLE é\n  ADD COLUMN a int,\n  ADD CONSTRAINT c CHECK (a > 0);"
    let finding = try #require(Linter.lint(sql).first { $0.code == "lint.check_validates" })
    #expect(finding.line == 3)
    #expect(finding.position.column == 7)
  }

  @Test("one statement that cannot be read does not hide the others")
  func recovery() {
    let findings = Linter.lint("TRUNCATE t;\nSELEC 1;\n\nDROP INDEX i;", LintContext(pinsLockTimeout: true))
    #expect(findings.map(\.code) == ["lint.truncate", "lint.syntax", "lint.drop_index_without_concurrently"])
    #expect(findings.map(\.line) == [1, 2, 4])
  }

  @Test("semicolons inside bodies, rules and strings separate nothing")
  func separators() {
    let sql = """
      SELEC 1; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; TRUNCATE t;
      CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT ';'; SELECT $$;$$
      """
    let findings = Linter.lint(sql, LintContext(pinsLockTimeout: true))
    #expect(findings.map(\.code) == ["lint.syntax", "lint.truncate"])
  }

  @Test("unreadable text is an error on a 15 server and not linted on a newer one")
  func versions() {
    let sql = "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE RETURNING *"
    #expect(Linter.lint(sql, LintContext(serverVersion: 150_000)).map(\.severity) == [.refusal])
    #expect(Linter.lint(sql, LintContext(serverVersion: 170_000)).map(\.severity) == [.warning])
    #expect(Linter.lint(sql).map(\.severity) == [.warning])
  }

  @Test("a transaction around the statements counts as one opened by them")
  func groups() throws {
    let statements = try SQLParser.parse("VACUUM t; SELECT 1")
    #expect(Linter.lint(statements).isEmpty)
    #expect(Linter.lint(statements, inTransaction: true).map(\.code) == ["lint.refuses_transaction"])
  }

  @Test("a missing lock_timeout is said once per text")
  func once() {
    let findings = Linter.lint("ALTER TABLE a ADD c int; ALTER TABLE b ADD c int; DROP VIEW v")
    #expect(findings.filter { $0.code == "lint.no_lock_timeout" }.count == 1)
  }

  @Test("sizes are told where the catalog knows them")
  func sizes() {
    let context = LintContext { _ in KnownRelation(rows: 12_000_000) }
    #expect(Linter.lint("CREATE INDEX ON t (a)", context).contains { $0.message.contains("(12 million rows)") })
  }

  @Test(
    "ordinary statements are left in peace",
    arguments: [
      "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.x := OLD.x; RETURN NEW; END $$",
      "UPDATE t SET data = jsonb_build_object('a', true) WHERE at < CURRENT_DATE - INTERVAL '7 years'",
      "CREATE INDEX CONCURRENTLY i ON t (a, b) WHERE c = 1 AND d IS NULL", "ALTER TABLE t VALIDATE CONSTRAINT c",
      "COMMENT ON TABLE t IS 'x'", "GRANT SELECT ON t TO r", "SELECT * FROM t WHERE a = $1",
    ])
  func quiet(sql: String) { #expect(Linter.lint(sql).isEmpty) }
}
