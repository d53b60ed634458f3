import Catalog
import JSONText
import PlanSchema
import PluginAPI
import TestSupport
import Testing
import YAMLTree

@testable import PlainSQL

@Suite("sql.run")
struct SQLRunTests {
  @Test(
    "compiles to operations without asking the server",
    arguments: [
      ("read", "up: SELECT 1"),
      (
        "transaction",
        "up: |\n  CREATE TABLE a (id int);\n  INSERT INTO a VALUES (1);\ndown: DROP TABLE a\nexpect_rows: 1"
      ),
      (
        "mixed",
        """
        up:
          - ALTER TABLE a ADD COLUMN b int; UPDATE a SET b = 0
          - CREATE INDEX CONCURRENTLY i ON a (b)
          - VACUUM (ANALYZE) a
        down: ["ALTER TABLE a DROP COLUMN b", "DROP INDEX CONCURRENTLY i", "SELECT 1"]
        probe: ["SELECT to_regclass('i') IS NOT NULL", "SELECT 'absent', 'again'"]
        verify:
          - SELECT count(*) > 0 FROM a
          - DO $$ BEGIN ASSERT true; END $$
        """
      ),
      (
        "mixed_one_down",
        "up: [ALTER TABLE a ADD b int, VACUUM a, ALTER TABLE a ADD c int]\ndown: ALTER TABLE a DROP IF EXISTS b, DROP IF EXISTS c"
      ),
      ("never", "up: [UPDATE a SET b = 1, DELETE FROM a]\nirreversible: cleaned on purpose\ntransaction: never"),
      ("vacuum_full", "up: VACUUM FULL a"),
    ])
  func compiles(name: String, yaml: String) async throws {
    let program = try await SQLRun.compile(step(SQLRun.self, yaml), NoServer())
    try Snapshot.expect(ProgramText(program: program).text, named: "run_\(name)")
  }

  @Test(
    "refuses what cannot work, and says why",
    arguments: [
      ("up: SELEC 1\ndown: SELECT 1", "sql.syntax"),
      ("up: [BEGIN, UPDATE a SET b = 1, COMMIT]\ndown: SELECT 1", "sql.transaction_control"),
      ("up: COPY a FROM STDIN\nirreversible: x", "sql.copy"),
      ("up: VACUUM a\ntransaction: always", "sql.refuses_transaction"),
      ("up: '-- nothing'", "sql.empty"),
      ("up: VACUUM a\nexpect_rows: 1", "sql.expect_rows"),
      ("up: DROP TABLE a\nirreversible: x\nverify: DELETE FROM a RETURNING true", "sql.verify"),
      ("up: DROP TABLE a\nirreversible: x\nprobe: SELECT true", "sql.probe"),
      ("up: VACUUM a\nprobe: SELECT 1, 2, 3", "sql.probe"),
      ("up: VACUUM a\nprobe: SELECT (", "sql.syntax"),
      ("up: |\n  \\copy a from b\ndown: SELECT 1", "sql.syntax"),
    ])
  func refuses(yaml: String, code: String) async throws {
    let program = try await SQLRun.compile(step(SQLRun.self, yaml), NoServer())
    let finding = try #require(program.refusals.first, "\(program.findings)")
    #expect(finding.code == code)
    #expect(!finding.choices.isEmpty)
    #expect(finding.range?.isNowhere == false)
  }

  @Test(
    "warns of what a person has to know",
    arguments: [
      ("up: CREATE DATABASE x\nirreversible: y", "sql.no_probe"),
      ("up: CREATE INDEX CONCURRENTLY i ON a (b)\ndown: DROP INDEX i", "sql.no_probe"),
      ("up: [CREATE TABLE a (), VACUUM a]\ndown: DROP TABLE a", "sql.partial_undo"),
    ])
  func warns(yaml: String, code: String) async throws {
    let program = try await SQLRun.compile(step(SQLRun.self, yaml), NoServer())
    #expect(program.refusals.isEmpty)
    #expect(program.findings.contains { $0.code == code && $0.severity == .warning })
  }

  @Test(
    "a plan without a way back is an error at its mark",
    arguments: [
      ("up: DROP TABLE a", 1, 5), ("up: SELECT drop_everything()", 1, 5),
      ("up: SELECT 1\ndown: SELECT 1\nirreversible: x", 3, 15),
      ("up: SELECT 1\nirreversible: ' '", 2, 15), ("up: SELECT 1\nexpect_rows: -1", 2, 14), ("up: []", 1, 5),
    ])
  func marks(yaml: String, line: Int, column: Int) throws {
    let error = #expect(throws: InvalidInput.self) { try SQLRun.Parameters.read(yaml: yaml) }
    let range = try #require(error?.diagnostics.errors.first?.range)
    #expect((range.start.line, range.start.column) == (line, column))
  }

  @Test(
    "what only reads, or maintains what can be derived again, needs no way back",
    arguments: [
      "SELECT count(*) FROM a", "EXPLAIN DELETE FROM a", "SHOW work_mem", "VACUUM (ANALYZE) a", "ANALYZE",
      "REINDEX TABLE a",
      "REFRESH MATERIALIZED VIEW v", "WITH x AS (SELECT 1) SELECT * FROM x",
    ])
  func harmless(up: String) throws {
    _ = try SQLRun.Parameters.read(json: ["up": .string(up)])
  }

  @Test("a server newer than the grammar gets what the grammar cannot read, and the author a warning")
  func newer() async throws {
    let yaml = "up: ALTER TABLE a ADD CONSTRAINT c NOT NULL b NOT VALID\ndown: ALTER TABLE a DROP CONSTRAINT c"
    let old = try await SQLRun.compile(step(SQLRun.self, yaml), NoServer())
    #expect(old.refusals.map(\.code) == ["sql.syntax"])
    let new = try await SQLRun.compile(
      step(SQLRun.self, yaml), NoServer(capabilities: Capabilities(version: 180_000)))
    #expect(new.refusals.isEmpty)
    #expect(new.findings.map(\.code) == ["sql.not_linted"])
    #expect(new.operations.count == 1)
  }
}
