import Glibc
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

/// Through PgBouncer in transaction mode.
@Suite(.database(template: Sample.slowTable(rows: 1_000)), .enabled(if: TestPooler.isInstalled, "needs pgbouncer"))
struct PoolerTests {
  private func pooled(_ pooler: TestPooler) -> String {
    "host=127.0.0.1 port=\(pooler.port) user=postgres dbname=\(TestDatabase.current.name) password=irrelevant"
  }

  private func withPooler(_ body: (TestPooler) async throws -> Void) async throws {
    let pooler = try await TestPooler.start(TestDatabase.current.cluster)
    do { try await body(pooler) } catch {
      await pooler.stop()
      throw error
    }
    await pooler.stop()
  }

  private static let sessionless = """
    \(Sample.batch)
      note: { uses: sql.run, needs: [fill], with: { up: COMMENT ON TABLE t IS 'done', down: COMMENT ON TABLE t IS NULL } }
    """
  private static let index = "  index: { uses: index.create, with: { table: t, columns: [n, id], name: t_n } }"

  @Test("a restart of the pooler in mid-run, twice: the run ends right by itself, each row once; so does the rollback")
  func restarted() async throws {
    try await withPooler { pooler in
      let project = try Project(Self.sessionless, environment: ["TARGET": pooled(pooler)])
      let second = try await restarting(pooler, during: "apply", of: project)
      let wrong = try await project.database.sql("SELECT count(*) FROM t WHERE n <> 1").value
      #expect(wrong == "0")
      try await expectSound(project, "succeeded")
      let last = try await restarting(second, during: "rollback", of: project)
      let left = try await project.database.sql("SELECT count(*) FROM t WHERE n <> 0").value
      #expect(left == "0")
      try await expectSound(project, "rolled_back")
      await last.stop()
    }
  }

  /// Stops the pooler with its connections when a quarter and half of the rows are done, and starts it again.
  private func restarting(
    _ pooler: TestPooler, during verb: String, of project: Project
  ) async throws -> TestPooler {
    let wanted = verb == "apply" ? 1 : 0
    let running = try project.start(verb)
    var pooler = pooler
    for share in [250, 500] {
      try await project.until("SELECT count(*) >= \(share) FROM t WHERE n = \(wanted)")
      pooler = try await pooler.restart()
    }
    #expect(await running.wait(milliseconds: 90_000) == 0, "\(running.output)")
    return pooler
  }

  private func expectSound(_ project: Project, _ state: String) async throws {
    for query in [
      "SELECT count(*) FROM caisson.check_journal()", "SELECT count(*) FROM caisson.verify_chain()",
      "SELECT count(*) FROM caisson.attempt WHERE outcome IS NULL",
    ] {
      let found = try await project.database.sql(SQL(verbatim: query)).value
      #expect(found == "0", "\(query)")
    }
    let run = try await project.database.sql("SELECT string_agg(state, ' ') FROM caisson.run").value
    #expect(run == state)
  }

  @Test("what needs a session is refused before anything runs, and says what to add; with session_target it runs")
  func session() async throws {
    try await withPooler { pooler in
      let refused = try Project(Self.sessionless + "\n" + Self.index, environment: ["TARGET": pooled(pooler)])
      let result = try await refused.run("apply")
      #expect(result.exit == 5)
      #expect(result.stderr.contains("session_target"), "\(result.stderr)")
      let touched = try await refused.database.sql("SELECT count(*) FROM t WHERE n <> 0").value
      #expect(touched == "0")
      let project = try Project(
        Self.index, more: "session_target: ${env:DIRECT}",
        environment: ["TARGET": pooled(pooler), "DIRECT": TestDatabase.current.url])
      let applied = try await project.run("apply")
      #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
      let built = try await project.database.sql("SELECT bool_and(indisvalid) AND count(*) = 2 FROM pg_index WHERE indrelid = 't'::regclass").value
      #expect(built == "t")
      let undone = try await project.run("rollback")
      #expect(undone.exit == 0, "\(undone.stdout)\(undone.stderr)")
      try await expectSound(project, "rolled_back")
    }
  }

  @Test("every kind of operation that needs no session works through the pooler, forward and in rollback")
  func everyKind() async throws {
    try await TestDatabase.with(template: EveryKind.database) { database in
      let pooler = try await TestPooler.start(database.cluster)
      let plan = try EveryKind.plan(console: pooler.console, without: ["index", "by-part", "inside"])
      let folder = try CutFolder(database.cluster, database: database.name, plan: plan)
      let before = try await folder.state().filter { !$0.hasPrefix("touched") }
      for (verb, state) in [("apply", "succeeded"), ("rollback", "rolled_back")] {
        let running = try folder.start(verb, port: pooler.port)
        #expect(await running.wait(milliseconds: 60_000) == 0, "\(verb)\n\(running.output)")
        let flaws = try await folder.flaws(run: state, sessionsMayStay: true)
        #expect(flaws == [])
      }
      let after = try await folder.state().filter { !$0.hasPrefix("touched") }
      #expect(after == before)
      await folder.remove()
      await pooler.stop()
    }
  }
}
