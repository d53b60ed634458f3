import Glibc
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

private let table = """
  CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
  INSERT INTO t SELECT g FROM generate_series(1, 500) g; ANALYZE t;
  """

/// An index build whose client, or whose server, is killed while it waits for an open writer.
@Suite(.database(template: table)) struct KilledBuildTests {
  private static let step = "  index: { uses: index.create, with: { table: t, columns: [n, id], name: t_n } }"
  private static let building = """
    SELECT count(*) > 0 FROM pg_stat_progress_create_index WHERE datname = current_database() AND lockers_total > 0
    """
  private static let state = """
    SELECT coalesce(string_agg(indexrelid::regclass || CASE WHEN indisvalid THEN '' ELSE ' invalid' END, ', '), '')
    FROM pg_index WHERE indrelid = 't'::regclass AND NOT indisprimary
    """

  /// The build waits for the open writer, and its client is dead.
  private func killedInMidBuild() async throws -> (Project, Connection) {
    let project = try Project(Self.step)
    let writer = try await project.database.connect()
    try await writer.script("BEGIN; UPDATE t SET n = 1 WHERE id = 1")
    let running = try project.start("apply")
    try await project.until(Self.building)
    running.signal(SIGKILL)
    _ = await running.wait()
    return (project, writer)
  }

  @Test("the client killed, the server finishes alone: the build is found complete")
  func serverFinishes() async throws {
    let (project, writer) = try await killedInMidBuild()
    await writer.close()
    try await project.until(
      "SELECT count(*) = 1 FROM pg_index WHERE indrelid = 't'::regclass AND NOT indisprimary AND indisvalid")
    let oid = try await project.database.sql("SELECT 't_n'::regclass::oid").value
    let applied = try await project.run("apply")
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
    #expect(try await project.database.sql("SELECT 't_n'::regclass::oid").value == oid)
    #expect(try await project.database.sql(SQL(verbatim: Self.state)).value == "t_n")
    try await expectSound(project)
  }

  @Test("the client killed, the server gives up: the invalid leftover is said, removed and built again")
  func leftover() async throws {
    let (project, writer) = try await killedInMidBuild()
    try await project.until("SELECT count(*) = 0 FROM pg_stat_progress_create_index WHERE datname = current_database()")
    #expect(try await project.database.sql(SQL(verbatim: Self.state)).value == "t_n invalid")
    await writer.close()
    let applied = try await project.run("apply")
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
    let said = applied.stdout + applied.stderr
    #expect(said.contains("removing what an unfinished run left"), "\(said)")
    #expect(try await project.database.sql(SQL(verbatim: Self.state)).value == "t_n")
    try await expectSound(project)
  }

  @Test("the next run while the old build is still at work: it waits for that session, then decides")
  func stillAtWork() async throws {
    let (project, writer) = try await killedInMidBuild()
    let second = try project.start("apply")
    #expect(await eventually { second.output.contains("still at work") }, "\(second.output)")
    await writer.close()
    #expect(await second.wait(milliseconds: 60_000) == 0, "\(second.output)")
    #expect(try await project.database.sql(SQL(verbatim: Self.state)).value == "t_n")
    try await expectSound(project)
  }

  @Test("a batch killed in the middle of a long chunk: the next run waits for the server to let go, each row once")
  func longChunk() async throws {
    let project = try Project(Sample.batch)
    try await project.database.script(
      """
      CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.2); RETURN NULL; END';
      CREATE TRIGGER dawdle AFTER UPDATE ON t FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
      """)
    let running = try project.start("apply")
    try await project.until(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
    running.signal(SIGKILL)
    _ = await running.wait()
    let applied = try await project.run("apply")
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
    #expect(try await project.database.sql("SELECT count(*) FROM t WHERE n = 1").value == "500")
    try await expectSound(project)
  }

  private func expectSound(_ project: Project) async throws {
    #expect(try await project.database.sql("SELECT count(*) FROM caisson.check_journal()").value == "0")
    #expect(try await project.database.sql("SELECT count(*) FROM caisson.verify_chain()").value == "0")
  }
}

/// The server itself dies. A cluster of its own.
@Suite(.serialized, .database) struct CrashedServerTests {
  @Test("the server crashed in mid-build and started again: the running command goes on by itself")
  func build() async throws {
    let cluster = try await TestCluster.start()
    let target = cluster.target()
    let session = try await Connection.connect(target)
    try await session.script(table)
    try await session.script("BEGIN; UPDATE t SET n = 1 WHERE id = 1")
    let project = try Project(
      "  index: { uses: index.create, with: { table: t, columns: [n, id], name: t_n } }",
      environment: ["TARGET": target.secret])
    let running = try project.start("apply")
    let watcher = try await Connection.connect(target)
    try await until("a build that waits") {
      try await watcher.query("SELECT count(*) FROM pg_stat_progress_create_index WHERE lockers_total > 0").value == "1"
    }
    try await cluster.crash()
    try await cluster.start()
    #expect(await running.wait(milliseconds: 60_000) == 0, "\(running.output)")
    let after = try await Connection.connect(target)
    #expect(try await after.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid").value == "0")
    #expect(try await after.query("SELECT to_regclass('t_n') IS NOT NULL").value == "t")
    #expect(try await after.query("SELECT count(*) FROM caisson.check_journal()").value == "0")
    #expect(try await after.query("SELECT count(*) FROM caisson.verify_chain()").value == "0")
    await after.close()
    try await cluster.stop()
  }

  @Test(
    "server crashes and kills together, at random: the end is that of an undisturbed run",
    arguments: 1...max(1, StormSample.rounds / 8))
  func storm(seed: Int) async throws {
    let wanted = try await Undisturbed.shared.value
    var random = SeededRandom(seed + 20_000)
    let cluster = try await TestCluster.start()
    let session = try await Connection.connect(cluster.target())
    try await session.script(StormSample.database)
    await session.close()
    let project = try Project(StormSample.steps, environment: ["TARGET": cluster.target().secret])
    let round = StormRound(project: project, seed: seed, target: cluster.target())
    try await crash(cluster, during: "apply", of: round, within: wanted.milliseconds, &random)
    #expect(try await round.fingerprint() == wanted.after, "seed \(seed)")
    #expect(try await round.query(StormSample.wronglyTouched(times: 1, sum: 1)) == [["0"]], "seed \(seed)")
    try await round.expectSound("succeeded")
    try await crash(cluster, during: "rollback", of: round, within: wanted.milliseconds, &random)
    #expect(try await round.fingerprint() == wanted.before, "seed \(seed)")
    #expect(try await round.query(StormSample.wronglyTouched(times: 2, sum: 0)) == [["0"]], "seed \(seed)")
    try await round.expectSound("rolled_back")
    try await cluster.stop()
  }

  /// Three times at most, half of them with the command killed as well; then once undisturbed.
  private func crash(
    _ cluster: TestCluster, during command: String, of round: StormRound, within longest: Int,
    _ random: inout SeededRandom
  ) async throws {
    for _ in 0..<3 {
      let running = try round.project.start(command)
      if let exit = await running.wait(milliseconds: Int.random(in: 300...max(301, longest), using: &random)) {
        if exit == 0 { return }
        continue
      }
      try await cluster.crash()
      let isKilled = Bool.random(using: &random)
      if isKilled { running.signal(SIGKILL) }
      try await cluster.start()
      // Where nothing had begun, it ends with an error; otherwise it goes on by itself.
      let exit = await running.wait(milliseconds: 60_000)
      if exit == nil { Issue.record("seed \(round.seed): hangs\n\(running.output)") }
      if exit == 0 { return }
    }
    let last = try await round.project.run(command)
    #expect(last.exit == 0, "seed \(round.seed): \(last.stdout)\(last.stderr)")
  }
}
