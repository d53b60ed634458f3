import Glibc
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

/// A swap beside clients that do everything, killed and crashed at random moments, and taken back.
@Suite(.serialized, .database, .ownTime(.minutes(10))) struct SwapUnderFireTests {
  /// What the isolation level or the statements themselves allow to happen: serialization failures, deadlocks, and two
  /// writers that meet in a foreign or unique key.
  private static let allowed: Set<String> = ["ok", "40001", "40P01", "23503", "23505"]

  @Test("every write is in the table, before, after the swap and after going back", arguments: 1...SwapRounds.count)
  func oracle(seed: Int) async throws {
    var random = SeededRandom(seed + 70_000)
    let cluster = try await TestCluster.start()
    let session = try await Connection.connect(cluster.target())
    try await session.script(SwapSample.database)
    await session.close()
    let chunk = ["10ms", "30ms", "200ms"].randomElement(using: &random)!
    let project = try Project(
      SwapSample.step(chunk: chunk, more: "workers: \(Int.random(in: 1...2, using: &random))"),
      environment: ["TARGET": cluster.target().secret])
    let round = SwapRound(project: project, cluster: cluster, seed: seed)
    try await round.under("apply", truncates: [0, 0.001, 0.003].randomElement(using: &random)!, &random)
    try await round.expectComplete("after the swap", Self.allowed)
    try await round.under("rollback", truncates: 0.001, &random)
    try await round.expectComplete("after going back", Self.allowed)
    try await cluster.stop()
  }
}

enum SwapRounds {
  /// `CAISSON_SWAP_ROUNDS`, 5 in CI.
  static let count = getenv("CAISSON_SWAP_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 5
  /// Of the rounds that are like it: 1 in CI, 20 at most.
  static let fewer = getenv("CAISSON_SWAP_ROUNDS") == nil ? 1 : min(count, 20)
}

/// One seed.
final class SwapRound {
  let project: Project
  let cluster: TestCluster
  let seed: Int
  private var counts: [String: Int] = [:]

  init(project: Project, cluster: TestCluster, seed: Int) {
    self.project = project
    self.cluster = cluster
    self.seed = seed
  }

  /// Runs the command to its end beside the workload, killing it and the server a few times on the way. Where the clients
  /// write faster than can be replayed, it does what the error says: it goes on while they write less.
  func under(_ command: String, truncates: Double, _ random: inout SeededRandom) async throws {
    let workload = SwapWorkload(cluster.target(), truncates: truncates)
    workload.start(clients: 6, seed: seed)
    try await Task.sleep(for: .milliseconds(300))
    var kills = Int.random(in: 0...4, using: &random)
    while true {
      let running = try project.start(command)
      let patience = kills > 0 ? Int.random(in: 200...4_000, using: &random) : 120_000
      if let exit = await running.wait(milliseconds: patience) {
        if exit == 0 { break }
        if running.output.contains("grows as fast as it is replayed") {
          workload.calm()
          continue
        }
        if kills == 0 {
          Issue.record("seed \(seed): \(command) ended with \(exit)\n\(running.output)")
          break
        }
      } else if kills == 0 {
        Issue.record("seed \(seed): \(command) does not end\n\(running.output)")
        running.signal(9)
        break
      } else if Int.random(in: 0..<4, using: &random) == 0 {
        try await cluster.crash()
        running.signal(9)
        try await cluster.start()
      } else {
        running.signal(9)
      }
      kills -= 1
    }
    try await Task.sleep(for: .milliseconds(500))
    counts.merge(await workload.stop()) { $0 + $1 }
  }

  func expectComplete(_ when: String, _ allowed: Set<String>) async throws {
    let session = try await Connection.connect(cluster.target())
    let found = try await session.query(SwapSample.differences).value
    #expect(found == "0 0 0", "seed \(seed), \(when): \(counts)")
    #expect(Set(counts.keys).isSubset(of: allowed), "seed \(seed), \(when): \(counts)")
    #expect((counts["ok"] ?? 0) > 20, "seed \(seed), \(when): \(counts)")
    #expect(try await session.query("SELECT count(*) FROM caisson.check_journal()").value == "0")
    await session.close()
  }
}
