import JSONText
import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct UndoTests {
  @Test("a rollback takes steps back in reverse, only those that ran, and ends rolled back")
  func order() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: a", "c: b", "d: c")
    for step in ["a", "b"] { try await fixture.ride(run, step) }
    try await fixture.sql(JournalSQL.skipStep(run: run, step: "c", actor: "me", reason: "no"))
    try await fixture.ride(run, "d")
    try await fixture.sql(JournalSQL.finishRun(run, actor: "x"))
    #expect(try await fixture.claimUndo(run) == nil)
    #expect(try await fixture.sql(JournalSQL.beginUndo(run, from: [.succeeded], actor: "me")).count == 1)
    let ready = try #require(try await fixture.sql(JournalSQL.undoReady(run)).first)
    #expect(ready.values == ["4", "4", "0"])
    // d depends on a and b through c, which never ran.
    #expect(try await fixture.claimUndo(run, "b") == nil)
    for expected in ["d", "b", "a"] {
      let holding = try #require(try await fixture.claimUndo(run))
      #expect(holding.step == expected && holding.direction == .undo)
      #expect(try await fixture.claimUndo(run) == nil)
      try await undo(fixture, holding)
      try await fixture.expectSound()
    }
    #expect(try await fixture.claimUndo(run) == nil)
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).first?["state"] == "rolled_back")
    #expect(try await fixture.states(run) == ["a": .undone, "b": .undone, "c": .skipped, "d": .undone])
    try await fixture.expectSound()
  }

  /// One undo task for forward task 1.
  private func undo(_ fixture: JournalFixture, _ holding: Holding) async throws {
    let tasks: JSON = [["operation": "op0:undo", "kind": "transaction", "title": "back", "undoes": 1]]
    let added = try #require(
      try await fixture.sql(JournalSQL.insertUndoTasks(holding, phase: 1, program: 1, tasks: tasks)).first)
    #expect(try await fixture.task(holding.run, holding.step).state == .undoing)
    let number = try added.int("first_task")
    #expect(await fixture.refusal(JournalSQL.finishUndo(holding)) == JournalCode.unfinishedTask)
    #expect(try await fixture.sql(JournalSQL.prologue(holding, task: number)).count == 1)
    #expect(try await fixture.sql(JournalSQL.taskUndone(holding, task: number)).count == 1)
    #expect(try await fixture.sql(JournalSQL.finishUndo(holding)).count == 1)
    #expect(try await fixture.task(holding.run, holding.step).state == .undone)
  }

  @Test("forward claims end with the rollback; a step in flight shows until it is given back")
  func inFlight() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b", rides: false)
    let a = try #require(try await fixture.claim(run, "a"))
    let other = try await TestDatabase.current.connect()
    // A claim that is not committed yet keeps its step locked.
    try await other.batch([
      "BEGIN", JournalSQL.claim(run: run, step: "b", runner: JournalFixture.runnerB, ttl: .seconds(30)),
    ])
    try await fixture.sql(JournalSQL.beginUndo(run, from: [.running], actor: "me"))
    #expect(try await fixture.sql(JournalSQL.undoReady(run)).first?.values == ["1", "2", "1"])
    await other.rollback()
    #expect(try await fixture.claim(run, "b") == nil)
    #expect(try await fixture.sql(JournalSQL.undoReady(run)).first?.values == ["2", "2", "1"])
    #expect(try await fixture.claimUndo(run) == nil)
    try await fixture.sql(JournalSQL.release(a))
    #expect(try await fixture.sql(JournalSQL.undoReady(run)).first?.values == ["2", "2", "0"])
    let undo = try #require(try await fixture.claimUndo(run))
    #expect(undo.step == "a" && undo.attempt == 2)
    try await fixture.sql(JournalSQL.insertUndoTasks(undo, phase: 1, program: 1, tasks: []))
    #expect(try await fixture.task(run, "a").state == .skipped)
    #expect(try await fixture.sql(JournalSQL.finishUndo(undo)).count == 1)
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).first?["state"] == "rolled_back")
    try await fixture.expectSound()
  }

  @Test("an undo that was killed is taken over as an undo, one that failed is claimed again")
  func interrupted() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a")
    try await fixture.ride(run, "a")
    try await fixture.sql(JournalSQL.beginUndo(run, from: [.running], actor: "me"))
    let first = try #require(try await fixture.claimUndo(run))
    let tasks: JSON = [["operation": "back", "kind": "transaction", "undoes": 1]]
    try await fixture.sql(JournalSQL.insertUndoTasks(first, phase: 1, program: 1, tasks: tasks))
    try await fixture.sql("UPDATE caisson.lease SET until = '-infinity'")
    let second = try #require(try await fixture.takeOver(run))
    #expect(second.direction == .undo && second.attempt == 3)
    #expect(try await fixture.sql(JournalSQL.finishUndo(first)).isEmpty)
    try await fixture.sql(JournalSQL.undoFailed(second, reason: "no", error: ErrorRecord(message: "no")))
    #expect(try await fixture.task(run, "a", 2).state == .undoFailed)
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).first?["state"] == "rollback_failed")
    try await fixture.expectSound()
    try await fixture.sql(JournalSQL.beginUndo(run, from: [.rollbackFailed], actor: "me"))
    let third = try #require(try await fixture.claimUndo(run))
    try await fixture.work(third, task: 2)
    #expect(try await fixture.sql(JournalSQL.finishUndo(third)).count == 1)
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).first?["state"] == "rolled_back")
    let attempts = try await fixture.reader.attempts(run: run)
    #expect(attempts.map(\.direction) == [.forward, .undo, .undo, .undo])
    #expect(attempts.map(\.outcome) == [.ok, .abandoned, .error, .ok])
    try await fixture.expectSound()
  }

  @Test("a person may say that nothing of a step is to be taken back any more; the rollback then comes to its end",
    arguments: [JournalSQL.skipStep, JournalSQL.markDone])
  func settled(_ word: @Sendable (String, String, String, String) -> SQL) async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a")
    try await fixture.ride(run, "a")
    try await fixture.sql(JournalSQL.beginUndo(run, from: [.running], actor: "me"))
    let holding = try #require(try await fixture.claimUndo(run))
    let tasks: JSON = [["operation": "back", "kind": "autocommit", "undoes": 1]]
    try await fixture.sql(JournalSQL.insertUndoTasks(holding, phase: 1, program: 1, tasks: tasks))
    #expect(try await fixture.sql(word(run, "a", "me", "too early")).isEmpty, "it is being worked on")
    try await fixture.sql(JournalSQL.undoFailed(holding, reason: "no", error: ErrorRecord(message: "no")))
    try await fixture.sql(JournalSQL.finishRun(run, actor: "x"))
    #expect(try await fixture.sql(word(run, "a", "me", "dropped by hand")).first?["state"] == "undone")
    try await fixture.expectSound()
    try await fixture.sql(JournalSQL.beginUndo(run, from: [.rollbackFailed], actor: "me"))
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).first?["state"] == "rolled_back")
    try await fixture.expectSound()
  }

  @Test("what needs no undo of its own is undone at once; an interrupted rollback goes on later")
  func nothing() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", tasks: 2)
    try await fixture.ride(run, "a")
    try await fixture.sql(JournalSQL.beginUndo(run, from: [.running], actor: "me"))
    let first = try #require(try await fixture.claimUndo(run))
    let tasks: JSON = [["operation": "back", "kind": "transaction", "undoes": 1]]
    try await fixture.sql(JournalSQL.insertUndoTasks(first, phase: 1, program: 1, tasks: tasks, nothing: [2]))
    #expect(try await fixture.task(run, "a", 2).state == .undone)
    #expect(try await fixture.sql(JournalSQL.release(first)).count == 1)
    #expect(try await fixture.states(run) == ["a": .backoff])
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).isEmpty)
    let second = try #require(try await fixture.claimUndo(run))
    try await fixture.work(second, task: 3)
    #expect(try await fixture.sql(JournalSQL.finishUndo(second)).count == 1)
    try await fixture.expectSound()
  }

  @Test("what a person had to decide about leaves nothing blocked behind a rollback")
  func blocked() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", rides: false)
    let holding = try #require(try await fixture.claim(run, "a"))
    try await fixture.sql(JournalSQL.intent(holding, task: 1, [:]))
    try await fixture.sql(JournalSQL.intentInDoubt(holding, task: 1))
    try await fixture.sql(JournalSQL.inDoubtDecided(holding, task: 1, .conflict))
    try await fixture.sql(JournalSQL.stepBlocked(holding, reason: "another index of that name"))
    try await fixture.sql(JournalSQL.beginUndo(run, from: [.running], actor: "me"))
    let undo = try #require(try await fixture.claimUndo(run))
    #expect(try await fixture.sql(JournalSQL.finishUndo(undo)).count == 1)
    #expect(try await fixture.task(run, "a").state == .skipped)
    try await fixture.expectSound()
  }

  @Test("chunks of a step that was skipped half way are taken back")
  func skipped() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", rides: false)
    let holding = try #require(try await fixture.claim(run, "a"))
    try await fixture.sql(JournalSQL.prologue(holding, task: 1))
    try await fixture.sql(JournalSQL.chunkDone(holding, task: 1, cursor: 1, rows: 5, more: true))
    try await fixture.sql(JournalSQL.release(holding))
    try await fixture.sql(JournalSQL.skipStep(run: run, step: "a", actor: "me", reason: "no"))
    try await fixture.sql(JournalSQL.beginUndo(run, from: [.running], actor: "me"))
    let undo = try #require(try await fixture.claimUndo(run))
    let tasks: JSON = [["operation": "back", "kind": "transaction", "undoes": 1]]
    try await fixture.sql(JournalSQL.insertUndoTasks(undo, phase: 1, program: 1, tasks: tasks))
    #expect(try await fixture.task(run, "a").state == .undoing)
    try await fixture.work(undo, task: 2)
    #expect(try await fixture.sql(JournalSQL.finishUndo(undo)).count == 1)
    try await fixture.expectSound()
  }

  @Test("a rollback is not settled while a forward claim is in flight")
  func inFlightWhenSettled() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", rides: false)
    let other = try await TestDatabase.current.connect()
    try await other.batch([
      "BEGIN", JournalSQL.claim(run: run, step: "a", runner: JournalFixture.runnerB, ttl: .seconds(30)),
    ])
    try await fixture.sql(JournalSQL.beginUndo(run, from: [.running], actor: "me"))
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).isEmpty)
    try await other.query("COMMIT")
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).isEmpty)
    try await fixture.expectSound()
  }
}
