import BuiltinPlugins
import Engine
import Glibc
import JSONText
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

private enum Sample {
  static let people = """
    CREATE TABLE person (id int PRIMARY KEY, name text, seen int DEFAULT 0);
    INSERT INTO person SELECT g, 'name ' || g FROM generate_series(1, 100) g;
    CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS
      $$BEGIN RAISE NOTICE 'seen %', NEW.name; RETURN NEW; END$$;
    CREATE TRIGGER say BEFORE UPDATE ON person FOR EACH ROW WHEN (NEW.name = 'name 47') EXECUTE FUNCTION say();
    """
}

/// Values that statements bind by reference.
@Suite(.database(template: Sample.people), .ownTime(.minutes(5))) struct SecretValueTests {
  private static let value = "name 47"
  private let secret = Secret([.environment("CAISSON_TEST_NAME_47")])

  init() { setenv("CAISSON_TEST_NAME_47", Self.value, 1) }

  /// No row of the journal, and nothing that was reported, holds the value.
  private func expectSilence(_ harness: EngineHarness) async throws {
    #expect(!harness.events.text.contains(Self.value), "\(harness.events.text)")
    let tables = try await harness.database.sql(
      "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'caisson'::regnamespace AND relkind = 'r'").rows
    for table in tables.compactMap({ $0[0] }) {
      let count = try await harness.database.sql(
        "SELECT count(*) FROM \(sql: table) x WHERE x::text LIKE '%' || \(Self.value) || '%'").value
      #expect(count == "0", "\(table)")
    }
  }

  @Test("they reach the server wherever values are bound, and are nowhere to be found afterwards")
  func everywhere() async throws {
    let seen: SQL = "UPDATE person SET seen = seen + 1 WHERE name = \(secret: secret)"
    let chunk: SQL = """
      WITH c AS (SELECT id, name FROM person WHERE id > coalesce(($cursor #>> '{}')::int, 0) ORDER BY id LIMIT $size),
        u AS (UPDATE person p SET seen = seen + 10 FROM c WHERE p.id = c.id AND c.name = \(secret: secret) RETURNING 1)
      SELECT to_jsonb(max(id)), count(*) FROM c
      """
    let isOne: SQL = "SELECT count(*) = 1 FROM person WHERE name = \(secret: secret) AND seen = \(11)"
    let harness = try EngineHarness([
      .sql("rides not", seen),
      .chunked(
        id: "chunks", title: "chunks",
        ChunkedWork([chunk], until: "SELECT \(secret: secret)::text IS NULL", size: 30, target: .milliseconds(500)),
        unless: "SELECT \(secret: secret) = 'nobody'", undo: .nothing),
      .observe(id: "look", title: "look", ObserveWork([.init("one", isOne, expect: .isTrue)])),
    ])
    try await harness.succeed(try await harness.runner().apply())
    #expect(harness.events.text.contains("seen ${env:CAISSON_TEST_NAME_47}"), "\(harness.events.text)")
    try await expectSilence(harness)
  }

  @Test("an export's prelude gives its queries what COPY cannot be given")
  func prelude() async throws {
    let folder = try TemporaryFolder.make(prefix: "prelude", in: try await TestCluster.shared.folder)
    let harness = try EngineHarness([
      .export(
        id: "export", title: "export",
        ExportWork(
          [.init("person", "SELECT id FROM person WHERE name = current_setting('caisson.wanted')")], format: .csv,
          path: "\(folder)/out", isFolder: true,
          prelude: ["SELECT set_config('caisson.wanted', \(secret: secret), true)"]))
    ])
    try await harness.succeed(try await harness.runner().apply())
    #expect(ServerFiles.read("\(folder)/out/person.csv") == "id\n47\n")
    try await expectSilence(harness)
  }

  @Test("an error of the server's is told with the reference in the value's place")
  func errors() async throws {
    let harness = try EngineHarness([.sql("fails", "SELECT \(secret: secret)::text::int")])
    let ending = try await harness.runner().apply().ending
    guard case .failed(let errors) = ending else { return _ = Issue.record("\(ending)") }
    #expect(errors.first?.message.contains("${env:CAISSON_TEST_NAME_47}") == true, "\(errors)")
    try await expectSilence(harness)
  }

  @Test("a reference that stands for nothing is said before anything is sent")
  func missing() async throws {
    let harness = try EngineHarness([.sql("fails", "SELECT \(secret: Secret([.environment("CAISSON_TEST_NO_SUCH")]))")])
    let ending = try await harness.runner().apply().ending
    guard case .failed(let errors) = ending else { return _ = Issue.record("\(ending)") }
    #expect(errors.first?.message.contains("the environment variable is not set") == true, "\(errors)")
  }

  @Test("where nothing can be bound the program is refused", arguments: [
    Operation.sql("ddl", "COMMENT ON TABLE person IS \(secret: Secret([.environment("X")]))"),
    .autocommit(
      id: "set", title: "set", AutocommitWork("ALTER SYSTEM SET work_mem = \(secret: Secret([.environment("X")]))", probe: nil),
      undo: .nothing),
  ])
  func unbindable(operation: PluginAPI.Operation) async throws {
    let ending = try await EngineHarness([operation]).runner().apply().ending
    #expect(ending.refusals.contains("secret.unbindable"), "\(ending)")
  }
}
