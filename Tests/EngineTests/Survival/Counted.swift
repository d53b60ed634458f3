import Engine
import PostgresClient
import SQLText
import TestSupport
import Testing

/// A table whose updates are counted in the same transaction, each row taking some time.
enum Counted {
  static let database = """
    CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, word text NOT NULL DEFAULT 'w');
    INSERT INTO t SELECT g FROM generate_series(1, 3000) g;
    CREATE TABLE touched (id int NOT NULL);
    CREATE FUNCTION note_update() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO touched SELECT id FROM new;
      PERFORM pg_sleep(0.005 + 0.0004 * count(*)) FROM new;
      RETURN NULL;
    END $$;
    CREATE TRIGGER note AFTER UPDATE ON t REFERENCING NEW TABLE AS new
      FOR EACH STATEMENT EXECUTE FUNCTION note_update();
    ANALYZE;
    """

  static let fill = """
      fill: { uses: data.batch, with: { table: t, set: { n: n + 1 }, where: n = 0, chunk: 100ms, keep_undo: true } }
    """

  /// A concurrent build has begun and waits for somebody.
  static let isBuilding = """
    SELECT count(*) > 0 FROM pg_stat_progress_create_index WHERE datname = current_database() AND lockers_total > 0
    """

  /// Every row updated exactly once.
  static func expectOnce(_ place: SourceLocation = #_sourceLocation) async throws {
    let wrong: SQL = """
      SELECT count(*) FROM (SELECT t.id FROM t LEFT JOIN touched USING (id) GROUP BY t.id, t.n
        HAVING count(touched) <> 1 OR t.n <> 1) q
      """
    #expect(try await TestDatabase.current.sql(wrong).value == "0", sourceLocation: place)
  }
}

extension TestDatabase {
  /// A session of somebody else that has run `script` and stays open.
  func stranger(_ script: String) async throws -> Connection {
    let connection = try await connect()
    try await connection.script(script)
    return connection
  }
}

extension RunReport.Ending {
  var isSuccess: Bool { if case .succeeded = self { true } else { false } }
  var isInterruption: Bool { if case .interrupted = self { true } else { false } }
  var errors: [EngineError] { if case .failed(let errors) = self { errors } else { [] } }
}
