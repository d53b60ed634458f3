import JSONText
import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct MoveTests {
  @Test("adopting a copy puts held steps in doubt, pauses runs and voids what was granted for the original")
  func adopt() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: a", "c", rides: false)
    let done = try #require(try await fixture.claim(run, "a"))
    try await fixture.work(done)
    try await fixture.sql(JournalSQL.finishStep(done))
    let held = try #require(try await fixture.claim(run, "b"))
    try await fixture.sql(JournalSQL.intent(held, task: 1, [:]))
    try await granted(fixture, run)
    #expect(try await Adoption.run(on: fixture.connection, target: "test", actor: "me", reason: "x") == nil)
    let adoption = try #require(
      try await Adoption.run(on: fixture.connection, target: "copy", actor: "me", reason: "refreshed"))
    #expect(adoption.was == "test" && adoption.runs == [run])
    #expect([adoption.steps, adoption.approvals, adoption.evidence, adoption.schedules] == [1, 1, 1, 1])
    #expect(try await fixture.states(run) == ["a": .done, "b": .inDoubt, "c": .pending])
    #expect(try await fixture.task(run, "b").state == .inDoubt)
    #expect(try await fixture.reader.run(run)?.state == .paused)
    #expect(try await fixture.claim(run, "c") == nil)
    #expect(try await fixture.sql(JournalSQL.prologue(held, task: 1)).isEmpty)
    #expect(try await fixture.sql("SELECT state FROM caisson.gate").first?[0] == "closed")
    #expect(try await fixture.sql("SELECT void FROM caisson.evidence").first?[0] == "t")
    #expect(try await fixture.sql("SELECT paused_at IS NOT NULL FROM caisson.schedule").first?[0] == "t")
    #expect(try await CloneCheck.run(on: fixture.connection, target: "copy") == .same)
    #expect(try await fixture.reader.attempts(run: run, step: "b").map(\.outcome) == [.abandoned])
    try await fixture.expectSound()
  }

  private func granted(_ fixture: JournalFixture, _ run: String) async throws {
    try await fixture.sql(
      """
      INSERT INTO caisson.gate (run_id, gate, kind, spec, bound_hash, state, decided_by)
      VALUES (\(run), 'release', 'approval', '{}', '', 'open', 'boss')
      """)
    try await fixture.sql(
      """
      INSERT INTO caisson.evidence (run_id, release_hash, environment, target, system_id, verified_at, body)
      VALUES (\(run), '', 'e', 'test', '1', now(), '{}')
      """)
    try await fixture.sql(
      """
      INSERT INTO caisson.schedule (target, plan_name, environment, step, plan_hash, cron, zone, overlap, catch_up)
      SELECT 'test', 'p', 'e', 'a', plan_hash, '0 1 * * *', 'UTC', 'skip', 'none' FROM caisson.plan
      """)
  }

  @Test("reattaching frees what was held, and no fence of before is given again")
  func reattach() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b", rides: false)
    let held = try #require(try await fixture.claim(run, "a"))
    func reattach() async throws -> Reattachment? {
      try await Reattachment.run(on: fixture.connection, target: "test", actor: "me", reason: "failover")
    }
    #expect(try await reattach() == nil)
    // As a restore leaves it: the sequence may stand where it stood, while a lost fence is still known to somebody.
    try await fixture.sql("UPDATE caisson.meta SET timeline = 77, system_id = '1'")
    try await fixture.sql("SELECT setval('caisson.fence', 1)")
    let other = try await Reattachment.run(on: fixture.connection, target: "other", actor: "me", reason: "x")
    #expect(other == nil)
    let done = try #require(try await reattach())
    #expect(done.leases == 1 && done.fence > held.fence + 999_999)
    #expect(try await CloneCheck.run(on: fixture.connection, target: "test") == .same)
    let renewal = JournalSQL.renew(runner: held.runner, fences: [held.fence], ttl: .seconds(30))
    #expect(try await fixture.sql(renewal).isEmpty)
    let taken = try #require(try await fixture.takeOver(run))
    #expect(taken.step == "a" && taken.fence > done.fence)
    #expect(try await fixture.sql(JournalSQL.prologue(held, task: 1)).isEmpty)
    #expect(try await fixture.states(run) == ["a": .running, "b": .pending])
    try await fixture.expectSound()
  }
}
