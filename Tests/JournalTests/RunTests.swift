import JSONText
import Journal
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct RunTests {
  @Test("the same plan again finds its live run")
  func once() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a")
    #expect(try await fixture.run("a") == run)
    #expect(try await fixture.run("a", variant: "x") != run)
    try await fixture.ride(run, "a")
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).first?["state"] == "succeeded")
    #expect(try await fixture.run("a") != run)
    #expect(try await fixture.reader.latestRun(planHash: "01", target: "test")?.state == .running)
  }

  @Test("edges are known both ways, and what needs nothing or only finished steps is ready")
  func steps() async throws {
    let fixture = try await JournalFixture()
    let steps: JSON = [
      ["step": "a", "ord": 0, "kind": "k", "spec_hash": "\\x00", "state": "done", "done_by": "carried"],
      ["step": "b", "ord": 1, "kind": "k", "spec_hash": "\\x00", "needs": ["a"]],
      ["step": "c", "ord": 2, "kind": "k", "spec_hash": "\\x00", "needs": ["a", "b"], "irreversible": true],
      ["step": "d", "ord": 3, "kind": "k", "spec_hash": "\\x00", "state": "skipped", "reason": "not here"],
    ]
    let row = try #require(
      try await fixture.sql(
        JournalSQL.createRun(
          plan: "01", target: "test", host: "h", actor: "t", steps: steps, programs: [], tasks: [])
      ).first)
    let run = try row.string("run_id")
    #expect(try row.bool("created"))
    let read = try await fixture.reader.steps(run: run)
    #expect(read.map(\.wantedBy) == [["b", "c"], ["c"], [], []])
    #expect(read.map(\.state) == [.done, .pending, .pending, .skipped])
    #expect(read[2].irreversible)
    #expect(try await fixture.claim(run)?.step == "b")
    #expect(try await fixture.claim(run) == nil)
    try await fixture.expectSound()
  }

  @Test("a run fails when nothing can go on, not before")
  func fails() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: a", "c", rides: false)
    let a = try #require(try await fixture.claim(run, "a"))
    let c = try #require(try await fixture.claim(run, "c"))
    try await fixture.sql(JournalSQL.stepFailed(a, reason: "x", error: nil))
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).isEmpty)
    try await fixture.work(c)
    try await fixture.sql(JournalSQL.finishStep(c))
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).first?["state"] == "failed")
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).isEmpty)
    let resumed = try #require(try await fixture.sql(JournalSQL.resumeRun(run, actor: "x")).first)
    #expect(resumed.values == ["failed", "1"])
    let again = try #require(try await fixture.reader.step("a", run: run))
    #expect(again.state == .pending && again.attempt == 1 && again.retryFrom == 1)
    try await fixture.expectSound()
  }

  @Test("skipped and marked steps let their dependents run, with the person's reason kept")
  func persons() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b", "c: a b", rides: false)
    let a = try #require(try await fixture.claim(run, "a"))
    #expect(try await fixture.sql(JournalSQL.skipStep(run: run, step: "a", actor: "me", reason: "no")).isEmpty)
    try await fixture.sql(JournalSQL.stepFailed(a, reason: "x", error: nil))
    let skipped = try #require(
      try await fixture.sql(JournalSQL.skipStep(run: run, step: "a", actor: "me", reason: "not needed")).first)
    #expect(try skipped.strings("wanted_by") == ["c"])
    try await fixture.sql(JournalSQL.markDone(run: run, step: "b", actor: "me", reason: "by hand"))
    #expect(try await fixture.claim(run, "c") != nil)
    let b = try #require(try await fixture.reader.step("b", run: run))
    #expect(b.doneBy == .person && b.reason == "by hand")
    #expect(try await fixture.sql(JournalSQL.skipStep(run: run, step: "b", actor: "me", reason: "x")).isEmpty)
    try await fixture.expectSound()
  }

  @Test("a wish to cancel takes effect when nobody holds a step")
  func cancel() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b")
    let a = try #require(try await fixture.claim(run, "a"))
    try await fixture.sql(JournalSQL.setDesired(run, .cancel, by: "me", reason: "wrong day"))
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).isEmpty)
    try await fixture.sql(JournalSQL.release(a))
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).first?["state"] == "canceled")
    let record = try #require(try await fixture.reader.run(run))
    #expect(record.finishedAt != nil && record.desiredReason == "wrong day" && record.plan == "p")
    #expect(try await fixture.reader.liveRuns().isEmpty)
    #expect(try await fixture.reader.history().map(\.id) == [run])
    try await fixture.expectSound()
  }

  @Test("the check finds what should not be", arguments: [
    ("UPDATE caisson.step SET state = 'running' WHERE step = 'b'", "lease.missing"),
    ("DELETE FROM caisson.attempt WHERE step = 'a'", "attempt.outcome"),
    ("UPDATE caisson.step SET state = 'done', done_by = 'engine' WHERE step = 'c'", "needs.unmet"),
    ("UPDATE caisson.task SET state = 'pending' WHERE step = 'a'", "task.unfinished"),
    ("UPDATE caisson.seal SET seq = 7", "event.head"),
    ("UPDATE caisson.attempt SET outcome = NULL, ended_at = NULL", "attempt.open"),
    ("UPDATE caisson.task SET task = 9 WHERE step = 'c'", "task.gap"),
    ("UPDATE caisson.run SET state = 'succeeded', finished_at = now()", "run.unfinished"),
  ])
  func check(_ damage: String, _ code: String) async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b", "c: b")
    try await fixture.ride(run, "a")
    try await fixture.expectSound()
    try await fixture.sql(SQL(verbatim: damage))
    #expect(try await JournalCheck.run(on: fixture.connection).map(\.code).contains(code))
  }
}
