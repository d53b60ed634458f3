import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

/// `strategy: attach` beside clients that do everything, killed and crashed at random moments, and taken back.
@Suite(.serialized, .database, .ownTime(.minutes(10))) struct AttachUnderFireTests {
  /// 23514: until the cutover the first partition has a bound, and behind the last one there is none.
  private static let allowed: Set<String> = ["ok", "40001", "40P01", "23503", "23505", "23514"]

  @Test("every write is in the table, after the swap and after going back", arguments: 1...SwapRounds.fewer)
  func oracle(seed: Int) async throws {
    var random = SeededRandom(seed + 110_000)
    let cluster = try await TestCluster.start()
    let session = try await Connection.connect(cluster.target())
    try await session.script(SwapSample.database)
    await session.close()
    let project = try Project(Self.step, environment: ["TARGET": cluster.target().secret])
    let round = SwapRound(project: project, cluster: cluster, seed: seed)
    try await round.under("apply", truncates: 0, &random)
    try await round.expectComplete("after the swap", Self.allowed)
    try await round.under("rollback", truncates: 0, &random)
    try await round.expectComplete("after going back", Self.allowed)
    try await cluster.stop()
  }

  private static let step = """
      swap:
        uses: partition.swap
        max_stall: 2s
        retry: { attempts: 500, backoff: 20ms..200ms }
        with:
          { table: app.src, by: created_at, strategy: attach, to: 2032-01-01, premake: 1, chunk: 30ms, cutover: { backlog: 100000 } }
    """
}
