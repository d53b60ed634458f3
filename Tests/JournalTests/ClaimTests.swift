import JSONText
import Journal
import PluginAPI
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct ClaimTests {
  @Test("claim, work, finish: a lease while it lasts, none after, dependents promoted")
  func cycle() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: a", rides: false)
    let holding = try #require(try await fixture.claim(run))
    #expect(holding.step == "a")
    #expect(try await fixture.claim(run) == nil)
    #expect(try await fixture.claim(run, "b") == nil)
    #expect(try await fixture.reader.steps(run: run)[0].holder == JournalFixture.runnerA)
    try await fixture.expectSound()
    try await fixture.work(holding)
    let finished = try #require(try await fixture.sql(JournalSQL.finishStep(holding)).first)
    #expect(try finished.strings("wanted_by") == ["b"])
    #expect(try await fixture.claim(run) == nil)  // not promoted yet: the hint is missing, the name works
    #expect(try await fixture.sql(JournalSQL.promote(run: run, wantedBy: ["b"])).count == 1)
    #expect(try await fixture.claim(run)?.step == "b")
    try await fixture.expectSound()
  }

  @Test("the sweep repairs a hint that a dead runner left behind")
  func sweep() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: a", rides: true)
    try await fixture.ride(run, "a")
    #expect(try await fixture.claim(run) == nil)
    #expect(try await fixture.sql(JournalSQL.sweep(run: run)).map { $0["step"] } == ["b"])
    #expect(try await fixture.claim(run)?.step == "b")
  }

  @Test("a wrong hint claims nothing and is taken back")
  func wrongHint() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: a")
    try await fixture.sql("UPDATE caisson.step SET ready = true")
    #expect(try await fixture.claim(run, "b") == nil)
    #expect(try await fixture.sql("SELECT ready FROM caisson.step WHERE step = 'b'").first?[0] == "f")
  }

  @Test("a step is not finished while a task is not")
  func unfinished() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", tasks: 2)
    let holding = try #require(try await fixture.claim(run))
    try await fixture.work(holding, task: 1)
    #expect(await fixture.refusal(JournalSQL.finishStep(holding)) == JournalCode.unfinishedTask)
    try await fixture.work(holding, task: 2)
    #expect(try await fixture.sql(JournalSQL.finishStep(holding)).count == 1)
    #expect(try await fixture.sql(JournalSQL.finishStep(holding)).isEmpty)
  }

  @Test("whoever was replaced finds no row, whatever it tries")
  func fenced() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", rides: false)
    let old = try #require(try await fixture.claim(run, ttl: .milliseconds(1)))
    try await Task.sleep(for: .milliseconds(5))
    let new = try #require(try await fixture.takeOver(run))
    #expect(new.fence > old.fence && new.attempt == 2 && new.direction == .forward)
    let stale: [SQL] = [
      JournalSQL.prologue(old, task: 1), JournalSQL.taskDone(old, task: 1), JournalSQL.finishStep(old),
      JournalSQL.chunkDone(old, task: 1, cursor: nil, rows: 1, more: false), JournalSQL.release(old),
      JournalSQL.stepFailed(old, reason: "x", error: nil), JournalSQL.intent(old, task: 1, [:]),
      JournalSQL.renew(runner: old.runner, fences: [old.fence], ttl: .seconds(1)), JournalSQL.nextPhase(old, to: 2),
      JournalSQL.insertProgram(
        old, phase: 2, name: "x", operations: [], carry: nil, factsDigest: nil, tasks: []),
      JournalSQL.insertTasks(old, phase: 1, program: 1, tasks: []),
    ]
    for sql in stale { #expect(try await fixture.sql(sql).isEmpty, "\(sql)") }
    try await fixture.work(new)
    #expect(try await fixture.sql(JournalSQL.finishStep(new)).count == 1)
    #expect(try await fixture.reader.attempts(run: run).map(\.outcome) == [.abandoned, .ok])
    try await fixture.expectSound()
  }

  @Test("no takeover while a task's transaction is open, though the lease has run out")
  func inFlight() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", rides: false, tasks: 2)
    let old = try #require(try await fixture.claim(run, ttl: .milliseconds(1)))
    let worker = try await TestDatabase.current.connect()
    try await worker.batch(["BEGIN", JournalSQL.prologue(old, task: 2)])
    try await Task.sleep(for: .milliseconds(5))
    #expect(try await fixture.takeOver(run) == nil)
    await worker.rollback()
    #expect(try await fixture.takeOver(run) != nil)
    try await fixture.expectSound()
  }

  @Test("the lease of a runner proven dead is void at once; a live one is not")
  func dead() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", rides: false)
    _ = try #require(try await fixture.claim(run))
    #expect(try await fixture.takeOver(run) == nil)
    #expect(try await fixture.sql(JournalSQL.declareDead(JournalFixture.runnerA, actor: "x")).count == 1)
    #expect(try await fixture.takeOver(run) != nil)
    #expect(try await fixture.sql(JournalSQL.heartbeat(runner: JournalFixture.runnerA)).isEmpty)
    #expect(try await fixture.sql(JournalSQL.heartbeat(runner: JournalFixture.runnerB)).count == 1)
  }

  @Test("renewing is one statement for all leases and gives back those that live")
  func renew() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b", rides: false)
    let first = try #require(try await fixture.claim(run))
    let second = try #require(try await fixture.claim(run, ttl: .milliseconds(1)))
    try await Task.sleep(for: .milliseconds(5))
    let kept = try await fixture.sql(
      JournalSQL.renew(runner: first.runner, fences: [first.fence, second.fence], ttl: .seconds(30)))
    #expect(kept.map { $0["fence"] } == [String(first.fence)])
  }

  @Test("a paused or undoing run gives nothing")
  func notRunning() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a")
    try await fixture.sql(JournalSQL.setDesired(run, .pause, by: "me"))
    #expect(try await fixture.claim(run) == nil)
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).first?["state"] == "paused")
    #expect(try await fixture.sql(JournalSQL.resumeRun(run, actor: "x")).first?["was"] == "paused")
    #expect(try await fixture.claim(run) != nil)
  }

  @Test("resources are held all or none, and a claim without them leaves nothing behind")
  func resources() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b", "c", rides: false)
    try await fixture.sql(JournalSQL.ensureResources(["x", "y"]))
    try await fixture.sql(JournalSQL.ensureResources(["shared"], capacity: 2))
    func claim(_ step: String, _ resources: [Resource]) async throws -> Row? {
      try await fixture.sql(
        JournalSQL.claim(
          run: run, step: step, runner: JournalFixture.runnerA, ttl: .seconds(9), resources: resources)
      ).first
    }
    let shared = Resource("shared", mode: "read")
    let a = try #require(try await claim("a", [Resource("x"), shared]))
    #expect(try await claim("b", [Resource("y"), Resource("x")]) == nil)
    #expect(try await fixture.states(run)["b"] == .pending)
    #expect(try await fixture.reader.attempts(run: run, step: "b").isEmpty)
    #expect(try await claim("b", [Resource("y"), shared]) != nil)
    #expect(try await claim("c", [shared]) == nil)
    try await fixture.expectSound()
    let holding = try Holding(a, run: run, runner: JournalFixture.runnerA)
    try await fixture.work(holding)
    try await fixture.sql(JournalSQL.finishStep(holding))
    #expect(try await claim("c", [shared, Resource("x")]) != nil)
    try await fixture.expectSound()
  }

  @Test("holders of one mode share a name, in any number; another mode and being alone wait for all of them")
  func modes() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b", "c", "d", rides: false)
    try await fixture.sql(JournalSQL.ensureResources(["snapshots"]))
    func claim(_ step: String, _ mode: String) async throws -> Holding? {
      let wanted = [Resource("snapshots", mode: mode)]
      let claim = JournalSQL.claim(run: run, step: step, runner: JournalFixture.runnerA, ttl: .seconds(9), resources: wanted)
      return try await fixture.sql(claim).first.map { try Holding($0, run: run, runner: JournalFixture.runnerA) }
    }
    let first = try #require(try await claim("a", "cic")), second = try #require(try await claim("b", "cic"))
    #expect(try await claim("c", "snapshot") == nil)
    #expect(try await claim("c", "exclusive") == nil)
    // What it has already it may ask for again; in two modes it wants to be alone.
    let again = try await fixture.sql(JournalSQL.hold(first, [Resource("snapshots", mode: "cic")]))
    #expect(again.first?[0] == "t")
    #expect(try await fixture.sql(JournalSQL.hold(first, [Resource("snapshots", mode: "snapshot")])).first?[0] == "f")
    for one in [first, second] {
      try await fixture.work(one)
      try await fixture.sql(JournalSQL.finishStep(one))
    }
    #expect(try await claim("c", "snapshot") != nil)
    #expect(try await claim("d", "cic") == nil)
    try await fixture.expectSound()
  }

  @Test("a takeover keeps the resources of the step")
  func resourcesMove() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b", rides: false)
    try await fixture.sql(JournalSQL.ensureResources(["x"]))
    let wanted = [Resource("x")]
    try await fixture.sql(
      JournalSQL.claim(run: run, step: "a", runner: JournalFixture.runnerA, ttl: .milliseconds(1), resources: wanted))
    try await Task.sleep(for: .milliseconds(5))
    _ = try #require(try await fixture.takeOver(run))
    let other = JournalSQL.claim(
      run: run, step: "b", runner: JournalFixture.runnerA, ttl: .seconds(9), resources: wanted)
    #expect(try await fixture.sql(other).isEmpty)
    try await fixture.expectSound()
  }
}
