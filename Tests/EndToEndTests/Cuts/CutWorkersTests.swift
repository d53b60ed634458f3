import Glibc
import JSONText
import PostgresClient
import SQLText
import TestSupport
import Testing

/// Three workers, each behind a proxy of its own that cuts its connections where transactions end.
@Suite(.database(template: "CREATE TABLE said (step text NOT NULL)")) struct CutWorkersTests {
  /// More of them with every cut point.
  private static let seeds = getenv("CAISSON_CUTS").map { String(cString: $0) } == "all" ? Array(1...5) : [1]
  private static let policies = ["all", "latest", "none"]

  private static let plan = policies.map { policy in
    """
      \(policy):
        uses: sql.run
        schedule: { every: 1s, catch_up: \(policy), overlap: \(policy == "all" ? "queue" : "skip") }
        with: { up: INSERT INTO said VALUES ('\(policy)'), down: DELETE FROM said WHERE step = '\(policy)' }
    """
  }.joined(separator: "\n")

  @Test("every due firing is carried out once, as its catch-up policy says, whatever is cut off", arguments: seeds)
  func firings(_ seed: Int) async throws {
    let project = try Project(Self.plan)
    let applied = try await project.run("apply", "--yes")
    #expect(applied.exit == 0, "\(applied.stderr)")
    let proxies = try (0..<3).map { _ in try CuttingProxy(to: project.database.cluster.port) }
    let workers = try proxies.map { proxy in
      try project.start("worker", env: ["TARGET": proxy.target(project.database).secret])
    }
    let cuts = await disturb(proxies, seed: seed)
    for policy in Self.policies {
      let paused = try await project.run("schedule pause", policy, "--reason", "enough")
      #expect(paused.exit == 0, "\(paused.stderr)")
    }
    // What waits for its turn under a pause goes on waiting; what a lost connection left ends with its lease.
    for _ in 0..<240 where try await isRunning(project) { try await Task.sleep(for: .milliseconds(500)) }
    #expect(try await !isRunning(project))
    for worker in workers {
      worker.signal(SIGTERM)
      #expect(await worker.wait() == 4, "\(worker.output)")
    }
    #expect(cuts >= 5, "connections were cut")
    try await expectOnce(project)
    for proxy in proxies { proxy.stop() }
  }

  private func isRunning(_ project: Project) async throws -> Bool {
    try await project.database.sql("SELECT count(*) > 0 FROM caisson.firing WHERE state = 'running'").value == "t"
  }

  private func expectOnce(_ project: Project) async throws {
    let wrong = try await project.database.sql(
      """
      SELECT string_agg(s.step || ': ' || said.n || ' for ' || fired.n, ', ') FROM caisson.schedule s,
        LATERAL (SELECT count(*) - 1 AS n FROM said WHERE said.step = s.step) said,
        LATERAL (SELECT count(*) AS n FROM caisson.firing f WHERE f.schedule_id = s.schedule_id AND f.state = 'done') fired
      WHERE said.n <> fired.n OR fired.n = 0
      """)
    #expect(wrong.value == nil, "the run of the plan said it once, and each firing did")
    // No moment is missing; what had to wait for more than one other, or came too late, is left out by name.
    let gaps = try await project.database.sql(
      """
      SELECT bool_and(f.moments = extract(epoch FROM s.last_at - f.first)::int + 1 AND f.named) FROM caisson.schedule s,
        LATERAL (SELECT sum(moments) AS moments, min(due_at) AS first,
          bool_and(state IN ('done', 'due') OR state = 'skipped' AND reason IS NOT NULL) AS named
          FROM caisson.firing WHERE schedule_id = s.schedule_id) f
      """)
    let states = try await project.database.sql(
      "SELECT string_agg(DISTINCT s.step || ' ' || f.state || coalesce(' ' || f.reason, ''), ', ') FROM caisson.firing f JOIN caisson.schedule s USING (schedule_id)")
    #expect(gaps.value == "t", "\(states.value ?? "")")
    #expect(try await project.json("journal check")["sound"] == true)
    #expect(try await project.json("audit verify")["sound"] == true)
  }

  /// For fifteen seconds, and longer where a busy machine has let few come: one cut after the other; how many came.
  private func disturb(_ proxies: [CuttingProxy], seed: Int) async -> Int {
    var random = SeededRandom(seed)
    var cuts = 0
    let start = ContinuousClock.now
    while ContinuousClock.now < start + .seconds(cuts < 8 ? 60 : 15) {
      let proxy = proxies[Int.random(in: 0..<3, using: &random)]
      let points = proxy.points
      let ends = points.suffix(200).filter(\.isCommit)
      if !ends.isEmpty {
        let words = ends[Int.random(in: ends.indices, using: &random)].words
        let moments: [CutMoment] = [.unanswered, .unsent, .orphaned, .abandoned]
        let point = CutPoint(words, points.count { $0.words == words } + Int.random(in: 1...2, using: &random), ends: true)
        proxy.cut(point, moments[Int.random(in: moments.indices, using: &random)])
      }
      try? await Task.sleep(for: .milliseconds(400))
      if proxy.fired.map({ !points.contains($0) }) ?? false { cuts += 1 }
    }
    return cuts
  }
}
