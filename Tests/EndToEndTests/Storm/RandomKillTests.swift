import Glibc
import PostgresClient
import Sandbox
import TestSupport
import Testing

@Suite(.serialized) struct RandomKillTests {
  @Test(
    "killed at random moments, apply and rollback end as undisturbed ones: each row changed once",
    .database(template: StormSample.database), arguments: 1...StormSample.rounds)
  func kills(seed: Int) async throws {
    let wanted = try await Undisturbed.shared.value
    var random = SeededRandom(seed)
    let project = try Project(StormSample.steps)
    let round = StormRound(project: project, seed: seed, target: project.database.target)
    let applied = try await round.storm("apply", within: wanted.milliseconds, most: 6, &random)
    #expect(try await round.fingerprint() == wanted.after, "seed \(seed), \(applied)")
    #expect(try await round.query(StormSample.wronglyTouched(times: 1, sum: 1)) == [["0"]], "seed \(seed)")
    try await round.expectSound("succeeded")
    guard seed % 2 == 0 else { return }
    let undone = try await round.storm("rollback", within: wanted.milliseconds, most: 6, &random)
    #expect(try await round.fingerprint() == wanted.before, "seed \(seed), \(undone)")
    #expect(try await round.query(StormSample.wronglyTouched(times: 2, sum: 0)) == [["0"]], "seed \(seed)")
    try await round.expectSound("rolled_back")
  }

  @Test(
    "killed at a random moment and rolled back, nothing of it stays", .database(template: StormSample.database),
    arguments: 1...max(1, StormSample.rounds / 4))
  func halfway(seed: Int) async throws {
    let wanted = try await Undisturbed.shared.value
    var random = SeededRandom(seed + 10_000)
    let project = try Project(StormSample.steps)
    let round = StormRound(project: project, seed: seed, target: project.database.target)
    let running = try project.start("apply")
    let delay = Int.random(in: wanted.milliseconds / 3...wanted.milliseconds, using: &random)
    if await running.wait(milliseconds: delay) == nil {
      running.signal(SIGKILL)
      _ = await running.wait()
    }
    guard try await round.query("SELECT to_regclass('caisson.run') IS NOT NULL") == [["t"]],
      try await round.query("SELECT count(*) > 0 FROM caisson.run") == [["t"]]
    else { return }
    _ = try await round.storm("rollback", within: wanted.milliseconds, most: 4, &random)
    #expect(try await round.fingerprint() == wanted.before, "seed \(seed)")
    #expect(try await round.query("SELECT coalesce(sum(change), 0) FROM touched") == [["0"]], "seed \(seed)")
    #expect(
      try await round.query("SELECT tab, id FROM touched GROUP BY tab, id HAVING count(*) <> 2") == [], "seed \(seed)")
    try await round.expectSound("rolled_back")
  }
}
