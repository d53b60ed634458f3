@testable import GDPR
import JSONText
import PluginAPI
import TestSupport
import Testing
import YAMLTree

private let tables = LogSample.tables + """
  CREATE FUNCTION no_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF current_setting('app.purging', true) = 'on' THEN RETURN coalesce(NEW, OLD); END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
  END $$;
  CREATE FUNCTION says() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'x'; RETURN NULL; END $$;
  CREATE TABLE notes (id int PRIMARY KEY, plain_id int REFERENCES plain ON DELETE CASCADE);
  INSERT INTO notes SELECT g, g FROM generate_series(1, 3) g;
  CREATE TABLE nowhen (id int PRIMARY KEY, at date, t text UNIQUE NOT NULL);
  INSERT INTO nowhen VALUES (1, NULL, 'a');
  CREATE TABLE named (mail text PRIMARY KEY, at date NOT NULL);
  CREATE TABLE bare (at date NOT NULL);
  """

@Suite("what gdpr.retention says", .database(template: tables))
struct RetentionFindingTests {
  private func said(_ yaml: String) async throws -> Program { try await compile(GDPRRetention.self, yaml) }

  @Test("finds", arguments: [
    ("retention.table", "{table: logz, key: at, keep: 1 year, mode: delete}", ""),
    ("retention.key", "{table: plain, key: att, keep: 1 year, mode: delete}", ""),
    ("retention.key", "{table: plain, key: id, keep: 1 year, mode: delete}", ""),
    ("retention.timezone", "{table: plain, key: at, keep: 1 year, mode: delete, timezone: Mars}", ""),
    ("retention.null_key", "{table: nowhen, key: at, keep: 1 year, mode: delete}", ""),
    ("retention.no_key", "{table: bare, key: at, keep: 1 year, mode: delete}", ""),
    ("retention.no_key", "{table: logs, key: at, keep: 1 year, mode: delete, walk: [email]}", ""),
    ("retention.key_in_journal", "{table: named, key: at, keep: 1 year, mode: delete}", ""),
    ("retention.unordered", "{table: named, key: at, keep: 1 year, mode: delete}", ""),
    ("retention.not_partitioned", "{table: plain, key: at, keep: 1 year, mode: detach_partition}", ""),
    ("retention.not_partitioned", "{table: plain, key: at, keep: 1 year, mode: archive, archive: {schema: archive}}", ""),
    ("retention.unindexed_reference", "{table: plain, key: at, keep: 1 year, mode: delete}", ""),
    ("retention.reference_choice", "{table: plain, key: at, keep: 1 year, mode: delete}", "CREATE INDEX ON notes (plain_id)"),
    ("retention.reference", "{table: plain, key: at, keep: 1 year, mode: delete, references: {notes_fkey: keep}}", ""),
    (
      "retention.append_only", "{table: logs, key: at, keep: 1 year, mode: delete}",
      "CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON logs FOR EACH ROW EXECUTE FUNCTION no_change()"
    ),
    (
      "retention.append_only", "{table: logs, key: at, keep: 1 year, mode: anonymize, set: {ip: 'NULL'}}",
      "CREATE TRIGGER no_change BEFORE UPDATE OF ip ON logs_2 FOR EACH ROW EXECUTE FUNCTION no_change()"
    ),
    (
      "retention.triggers", "{table: plain, key: at, keep: 1 year, mode: delete}",
      "CREATE TRIGGER says AFTER DELETE ON plain FOR EACH STATEMENT EXECUTE FUNCTION says()"
    ),
    (
      "retention.trigger_skipped", "{table: logs, key: at, keep: 1 year, mode: delete}",
      "CREATE TRIGGER says AFTER DELETE ON logs FOR EACH ROW EXECUTE FUNCTION says()"
    ),
    ("retention.trigger", "{table: logs, key: at, keep: 1 year, mode: delete, triggers: {nothing: keep}}", ""),
    (
      "retention.trigger_state", "{table: logs, key: at, keep: 1 year, mode: delete, triggers: {no_change: disable}}",
      """
      CREATE TRIGGER no_change BEFORE DELETE ON logs FOR EACH ROW EXECUTE FUNCTION no_change();
      ALTER TABLE logs_2 ENABLE ALWAYS TRIGGER no_change
      """
    ),
    ("retention.column", "{table: plain, key: at, keep: 1 year, mode: anonymize, set: {at: now()}}", ""),
    ("retention.column", "{table: plain, key: at, keep: 1 year, mode: anonymize, set: {emial: 'NULL'}}", ""),
    ("retention.json", "{table: plain, key: at, keep: 1 year, mode: anonymize, json: {data: ['a..b']}}", ""),
    ("retention.json", "{table: plain, key: at, keep: 1 year, mode: anonymize, json: {email: [a]}}", ""),
    ("retention.statement", "{table: plain, key: at, keep: 1 year, mode: anonymize, set: {data: 'md5(email)::jsonb'}}", ""),
    ("retention.statement", "{table: plain, key: at, keep: 1 year, mode: delete, except: nothing = 1}", "DROP TABLE notes"),
    ("sql.syntax", "{table: plain, key: at, keep: 1 year, mode: delete, except: 'true) OR (true'}", ""),
    ("retention.archive_schema", "{table: logs, key: at, keep: 1 year, mode: archive, archive: {table: nowhere.old}}", ""),
    (
      "retention.archive_columns", "{table: logs, key: at, keep: 1 year, mode: archive, archive: {table: archive.old}}",
      "CREATE TABLE archive.old (id int, at timestamptz)"
    ),
    ("retention.partition_kept", "{table: logs, key: at, keep: 1 year, mode: delete, except: id = 3}", ""),
    ("partition.schema", "{table: logs, key: at, keep: 1 year, mode: archive, archive: {schema: nowhere}}", ""),
  ])
  func findings(code: String, yaml: String, setup: String) async throws {
    if !setup.isEmpty { try await TestDatabase.current.script(setup) }
    let program = try await said(yaml)
    #expect(program.findings.map(\.code).contains(code), "\(program.findings.map(\.code))")
    let finding = program.findings.first { $0.code == code }
    #expect(finding?.range != nil && finding.map { $0.severity != .refusal || !$0.choices.isEmpty } ?? false)
  }

  @Test("reads no plan that says too little or too much", arguments: [
    "mode: anonymize", "mode: archive", "mode: delete, set: {email: 'NULL'}", "mode: delete, archive: {schema: archive}",
    "mode: archive, archive: {}", "mode: detach_partition, partitions: never", "mode: delete, batch: 0",
    "mode: anonymize, set: {email: 'NULL'}, partitions: only", "mode: delete, triggers: {x: of}",
  ])
  func unread(rest: String) {
    #expect(throws: (any Error).self) {
      try GDPRRetention.Parameters.read(yaml: "{table: plain, key: at, keep: 1 year, \(rest)}", file: "plan.yaml")
    }
  }

  @Test("the remedy it names for a reference without an index is one that helps")
  func remedy() async throws {
    let refused = try await said("{table: plain, key: at, keep: 1 year, mode: delete, references: {notes_plain_id_fkey: follow}}")
    #expect(refused.refusals.map(\.code) == ["retention.unindexed_reference"])
    let choice = try #require(refused.refusals.first?.choices.first)
    let step = try #require(choice.split(separator: ": ", maxSplits: 1).last.map(String.init))
    let before = "  first: { \(step) }\n  s: { needs: [first], uses: gdpr.retention, with: { table: plain, key: at, keep: 1 year,"
      + " mode: delete, references: { notes_plain_id_fkey: follow } } }"
    let harness = try EngineHarness(
      before, registry: try registry(), environment: "accept_irreversible: [s]")
    let ending = try await harness.runner().apply().ending
    guard case .succeeded = ending else { return _ = Issue.record("\(ending)") }
    #expect(try await LogSample.count("notes") == "0")
  }

  /// index.create is another plugin's: what stands in for it here does as it says.
  private func registry() throws -> StepRegistry { StepRegistry([GDPRPlugin.self, IndexStandIn.self]) }

  @Test("a second run that would destroy is refused: the recommended expression reads what it has overwritten", arguments: [
    ("jsonb_build_object('anonymised', true, 'was', data->>'email')", true), ("to_jsonb(md5(data::text))", true),
    ("jsonb_build_object('n', random())", true), ("data - 'email'", false), ("'{}'", false),
  ])
  func restless(expression: String, isRefused: Bool) async throws {
    let yaml = "{table: plain, key: at, keep: 1 year, mode: anonymize, set: {data: \"\(expression)\"}}"
    let codes = try await said(yaml).refusals.map(\.code)
    #expect(codes == (isRefused ? ["retention.not_idempotent"] : []))
  }
}

/// Builds an index plainly.
private enum IndexStandIn: Plugin {
  static let name = "IndexStandIn"
  static let summary = "index.create for a test"
  static let kinds: [any StepKind.Type] = [Create.self]

  struct Create: StepKind {
    static let name = "index.create"
    static let summary = "index.create for a test"

    struct Parameters: ParameterSet {
      @Parameter("table") var table: QualifiedName
      @Parameter("columns") var columns: [Identifier]
    }

    static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
      Program(operations: [
        .transaction(
          id: "build", title: "build",
          [TransactionStatement("CREATE INDEX ON \(id: step.parameters.table) (\(id: step.parameters.columns.map(\.name)))")],
          undo: .nothing)
      ])
    }
  }
}
