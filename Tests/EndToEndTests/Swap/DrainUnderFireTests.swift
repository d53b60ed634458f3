import PostgresClient
import SQLText
import TestSupport
import Testing

/// A default partition is emptied beside clients that do everything, with the program killed and the server crashed.
@Suite(.serialized, .database, .ownTime(.minutes(10))) struct DrainUnderFireTests {
  private static let allowed: Set<String> = ["ok", "40001", "40P01", "23503", "23505"]

  @Test("partition.maintain moves more rows than a lock may take, and none is lost", arguments: 1...SwapRounds.fewer)
  func oracle(seed: Int) async throws {
    var random = SeededRandom(seed + 90_000)
    let (project, cluster) = try await prepared(chunk: ["100ms", "200ms", "500ms"].randomElement(using: &random)!)
    let round = SwapRound(project: project, cluster: cluster, seed: seed)
    try await round.under("apply", truncates: [0, 0.001].randomElement(using: &random)!, &random)
    try await round.expectComplete("after the move", Self.allowed)
    try await expectMoved(cluster)
    try await round.under("rollback", truncates: 0, &random)
    try await round.expectComplete("after going back", Self.allowed)
    try await cluster.stop()
  }

  @Test("negative control: without the notes of changed keys the same clients' writes are missed, and it is noticed")
  func unnoted() async throws {
    let (project, cluster) = try await prepared(chunk: "30ms")
    let workload = SwapWorkload(cluster.target(), truncates: 0)
    workload.start(clients: 6, seed: 1)
    let session = try await Connection.connect(cluster.target())
    let running = try project.start("apply")
    let find: SQL = "SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE '%\\_capture' AND pronamespace::regnamespace::text = 'caisson'"
    var function: String?
    for _ in 0..<3_000 where function == nil {
      function = try await session.query(find).value
      if function == nil { try await Task.sleep(for: .milliseconds(5)) }
    }
    let name = try #require(function)
    try await session.script(
      "CREATE OR REPLACE FUNCTION \(name) RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$")
    let exit = await running.wait(milliseconds: 120_000)
    _ = await workload.stop()
    let found = try await session.query(SwapSample.differences).value
    #expect(exit != 0 || found != "0 0 0", "nothing was noticed: \(found ?? "")")
    if exit == nil {
      running.signal(9)
      _ = await running.wait()
    }
    await session.close()
    try await cluster.stop()
  }

  private func prepared(chunk: String) async throws -> (Project, TestCluster) {
    let cluster = try await TestCluster.start()
    let session = try await Connection.connect(cluster.target())
    try await session.script(SwapSample.database + Self.partitioned)
    await session.close()
    return (try Project(Self.step(chunk), environment: ["TARGET": cluster.target().secret]), cluster)
  }

  private func expectMoved(_ cluster: TestCluster) async throws {
    let session = try await Connection.connect(cluster.target())
    let leaves: SQL = "SELECT count(*) >= 6 FROM pg_inherits WHERE inhparent = 'app.src'::regclass"
    #expect(try await session.query(leaves).value == "t")
    let left: SQL = """
      SELECT string_agg(name, ' ') FROM (
        SELECT relname::text AS name FROM pg_class WHERE relname IN ('src_rest_move', 'src_rest_stay')
          OR relnamespace::regnamespace::text = 'caisson' AND relname LIKE 'src\\_rest%'
        UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'caisson%' AND NOT tgisinternal) AS l
      """
    #expect(try await session.query(left).value == nil)
    await session.close()
  }

  /// The sample's table with everything in its default partition, and one month with more rows than a lock may take.
  private static let partitioned = """

    ALTER TABLE app.child DROP CONSTRAINT child_src; DROP VIEW app.v; ALTER SEQUENCE app.src_id OWNED BY NONE;
    ALTER TABLE app.src RENAME TO plain;
    CREATE TABLE app.src (LIKE app.plain INCLUDING DEFAULTS, PRIMARY KEY (id, created_at), UNIQUE (u, created_at),
      CONSTRAINT fk_par FOREIGN KEY (par) REFERENCES app.par,
      CONSTRAINT fk_par_c FOREIGN KEY (par_c) REFERENCES app.par_c ON DELETE CASCADE,
      CONSTRAINT fk_par_n FOREIGN KEY (par_n) REFERENCES app.par_n ON DELETE SET NULL) PARTITION BY RANGE (created_at);
    CREATE TABLE app.src_rest PARTITION OF app.src DEFAULT;
    CREATE INDEX ON app.src (created_at, id); CREATE INDEX ON app.src (par_c); CREATE INDEX ON app.src (par_n);
    CREATE INDEX ON app.src (par);
    INSERT INTO app.src TABLE app.plain; DROP TABLE app.plain CASCADE;
    CREATE VIEW app.v AS SELECT * FROM app.src WHERE v IS NULL OR v >= 0;
    WITH x AS (
      INSERT INTO app.src (id, created_at, v, pad)
      SELECT 1000000 + i, '2025-02-01 00:00+00'::timestamptz + i * interval '1 minute', i, 'bulk'
      FROM generate_series(1, 12000) i RETURNING *)
    INSERT INTO app.ledger (id, op, h) SELECT id, 'U', md5(x::text) FROM x;
    ANALYZE;
    """

  private static func step(_ chunk: String) -> String {
    """
      maintain:
        uses: partition.maintain
        max_stall: 2s
        retry: { attempts: 500, backoff: 20ms..200ms }
        with: { table: app.src, every: 1 month, premake: 1, chunk: \(chunk) }
    """
  }
}
