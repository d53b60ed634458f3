import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct StormTests {
  /// After SKIP LOCKED a statement reads only the locked rows anew. A claim that joined the lease without locking it
  /// took steps whose new holder's lease was still valid: about 4 in 10 under this load.
  @Test("with many clients and leases of milliseconds no claim is premature, no step is held twice")
  func premature() async throws {
    try await storm(TestDatabase.current.target, clients: 12, rounds: 120)
  }

  @Test("the same through PgBouncer in transaction mode", .enabled(if: TestPooler.isInstalled))
  func pooled() async throws {
    let database = TestDatabase.current
    let pooler = try await TestPooler.start(database.cluster)
    let target = ConnectionString("host=127.0.0.1 port=\(pooler.port) user=postgres dbname=\(database.name)")
    do {
      try await storm(target, clients: 8, rounds: 60)
      await pooler.stop()
    } catch {
      await pooler.stop()
      throw error
    }
  }

  private func storm(_ target: ConnectionString, clients: Int, rounds: Int) async throws {
    let fixture = try await JournalFixture(target)
    let run = try await fixture.run((0..<12).map { "s\($0)" }, rides: false, tasks: 2)
    try await fixture.sql("CREATE TABLE held (fence bigint, step text, was bigint, at timestamptz, until timestamptz)")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<clients {
        group.addTask { try await client(target, run, rounds) }
      }
      try await group.waitForAll()
    }
    // Taken over before the lease that was replaced had run out, by the server's clock.
    let early = try await fixture.sql(
      "SELECT h.step FROM held h JOIN held b ON b.fence = h.was WHERE h.at < b.until")
    #expect(early.isEmpty)
    #expect(try await fixture.sql("SELECT fence FROM held GROUP BY fence HAVING count(*) > 1").isEmpty)
    #expect(try await fixture.sql("SELECT count(*) FROM held WHERE was IS NOT NULL").first?.int("count") ?? 0 > 50)
    try await fixture.expectSound()
  }

  private func client(_ target: ConnectionString, _ run: String, _ rounds: Int) async throws {
    let connection = try await Connection.connect(target)
    let runner = JournalFixture.runnerA
    for _ in 0..<rounds {
      let calls = [
        JournalSQL.takeOver(run: run, runner: runner, ttl: .milliseconds(3)),
        JournalSQL.claim(run: run, runner: runner, ttl: .milliseconds(3)),
      ]
      for (place, call) in calls.enumerated() {
        let results = try await connection.batch([
          "BEGIN", call, "SELECT clock_timestamp()::text AS now", "COMMIT",
        ])
        guard let row = results[1].rows.first else { continue }
        // What the lease says now: whoever takes it later must do so after `until`.
        let fence = try row.int64("fence"), was = place == 0 ? row["was"] : nil
        try await connection.query(
          """
          INSERT INTO public.held SELECT \(fence), l.step, \(sql: was.map { SQL(verbatim: $0) } ?? "NULL"),
            a.started_at, l.until
          FROM caisson.lease l JOIN caisson.attempt a USING (run_id, step, fence) WHERE l.fence = \(fence)
          """)
      }
    }
    await connection.close()
  }
}
