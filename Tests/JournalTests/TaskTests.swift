import JSONText
import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct TaskTests {
  private func begin(tasks: Int = 1) async throws -> (JournalFixture, String, Holding) {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", rides: false, tasks: tasks)
    return (fixture, run, try #require(try await fixture.claim(run)))
  }

  @Test("chunks carry cursor and count in their own transaction; the last one ends the task")
  func chunks() async throws {
    let (fixture, run, holding) = try await begin()
    #expect(try await fixture.sql(JournalSQL.prologue(holding, task: 1)).first?["cursor"] == nil)
    let first = JournalSQL.chunkDone(holding, task: 1, cursor: ["id": 10], rows: 10, more: true)
    #expect(try await fixture.sql(first).first?["chunks"] == "1")
    let again = try #require(try await fixture.sql(JournalSQL.prologue(holding, task: 1)).first)
    #expect(again["cursor"] == "{\"id\": 10}")
    try await fixture.sql(JournalSQL.chunkDone(holding, task: 1, cursor: nil, rows: 5, more: false))
    let task = try await fixture.task(run, "a")
    #expect(task.state == .done && task.chunks == 2 && task.rowsDone == 15)
    #expect(try await fixture.sql(JournalSQL.prologue(holding, task: 1)).isEmpty)
    #expect(try await fixture.sql(JournalSQL.finishStep(holding)).count == 1)
    try await fixture.expectSound()
  }

  @Test("an intent names the backend that runs the statement; after a takeover only its probe decides")
  func intent() async throws {
    let (fixture, run, holding) = try await begin()
    let row = try #require(try await fixture.sql(JournalSQL.intent(holding, task: 1, ["object": "i"])).first)
    #expect(row["backend_pid"] == String(fixture.connection.backendPID))
    #expect(try await fixture.sql(JournalSQL.intent(holding, task: 1, [:])).isEmpty)
    #expect(try await fixture.task(run, "a").intent?["object"]?.string == "i")
    try await fixture.sql("UPDATE caisson.lease SET until = clock_timestamp() - interval '1 s'")
    let next = try #require(try await fixture.takeOver(run))
    #expect(try await fixture.task(run, "a").state == .inDoubt)
    #expect(try await fixture.sql(JournalSQL.prologue(next, task: 1)).isEmpty)
    #expect(try await fixture.sql(JournalSQL.intentDone(next, task: 1)).isEmpty)
    #expect(try await fixture.sql(JournalSQL.inDoubtDecided(next, task: 1, .running)).count == 1)
    #expect(try await fixture.task(run, "a").state == .inDoubt)
    #expect(try await fixture.sql(JournalSQL.inDoubtDecided(next, task: 1, .absent)).count == 1)
    #expect(try await fixture.task(run, "a").state == .pending)
    #expect(try await fixture.sql(JournalSQL.intent(next, task: 1, [:])).count == 1)
    #expect(try await fixture.sql(JournalSQL.intentDone(next, task: 1, result: ["ok": true])).count == 1)
    #expect(try await fixture.sql(JournalSQL.finishStep(next)).count == 1)
    try await fixture.expectSound()
  }

  @Test(
    "the probe's verdict becomes the task's state",
    arguments: [
      (ProbeVerdict.complete, TaskState.done), (.absent, .pending), (.conflict, .blocked), (.running, .inDoubt),
    ])
  func verdict(_ verdict: ProbeVerdict, _ state: TaskState) async throws {
    let (fixture, run, holding) = try await begin()
    try await fixture.sql(JournalSQL.intent(holding, task: 1, [:]))
    try await fixture.sql(JournalSQL.intentInDoubt(holding, task: 1))
    try await fixture.sql(JournalSQL.inDoubtDecided(holding, task: 1, verdict, detail: "x"))
    #expect(try await fixture.task(run, "a").state == state)
  }

  @Test("leaving a step turns an intent into doubt, whatever the reason")
  func leaving() async throws {
    let (fixture, run, holding) = try await begin()
    try await fixture.sql(JournalSQL.intent(holding, task: 1, [:]))
    #expect(try await fixture.sql(JournalSQL.release(holding)).count == 1)
    #expect(try await fixture.task(run, "a").state == .inDoubt)
    #expect(try await fixture.states(run) == ["a": .pending])
    try await fixture.expectSound()
    let next = try #require(try await fixture.claim(run))
    #expect(try await fixture.sql(JournalSQL.inDoubtDecided(next, task: 1, .conflict)).count == 1)
    try await fixture.sql(JournalSQL.stepBlocked(next, reason: "another definition"))
    #expect(try await fixture.sql(JournalSQL.retryStep(run: run, step: "a", actor: "me", reason: nil)).count == 1)
    #expect(try await fixture.task(run, "a").state == .inDoubt)
  }

  @Test(
    "how a holding ends",
    arguments: [
      (StepState.failed, AttemptOutcome.error), (.backoff, .error), (.waiting, .waiting), (.blocked, .error),
      (.inDoubt, .inDoubt), (.pending, .canceled),
    ])
  func ends(_ state: StepState, _ outcome: AttemptOutcome) async throws {
    let (fixture, run, holding) = try await begin()
    let sql: SQL =
      switch state {
      case .failed: JournalSQL.stepFailed(holding, reason: "r", error: nil)
      case .backoff: JournalSQL.stepBackoff(holding, reason: "r", error: nil, delay: .seconds(60))
      case .waiting: JournalSQL.stepWaiting(holding, reason: "r")
      case .blocked: JournalSQL.stepBlocked(holding, reason: "r")
      case .inDoubt: JournalSQL.stepInDoubt(holding, reason: "r")
      default: JournalSQL.release(holding, reason: "r")
      }
    #expect(try await fixture.sql(sql).count == 1)
    let step = try #require(try await fixture.reader.step("a", run: run))
    #expect(step.state == state && step.reason == "r" && step.holder == nil)
    #expect(try await fixture.reader.attempts(run: run).map(\.outcome) == [outcome])
    let claimed = try await fixture.claim(run) != nil
    #expect(claimed == (state.isClaimable && state != .backoff))
    try await fixture.expectSound()
  }

  @Test("a phase compiled again voids what the older program had not begun, and numbers go on")
  func recompiled() async throws {
    let (fixture, run, holding) = try await begin(tasks: 2)
    try await fixture.work(holding, task: 1)
    let tasks: JSON = [
      ["operation": "x", "kind": "transaction", "title": "X"],
      ["operation": "y", "kind": "chunked", "title": "Y", "slice": 1, "bounds": ["from": 1], "total": 50],
    ]
    let row = try #require(
      try await fixture.sql(
        JournalSQL.insertProgram(
          holding, phase: 1, name: "run", operations: [], carry: ["k": 1], factsDigest: "0a", tasks: tasks)
      ).first)
    #expect(row.values == ["2", "3", "2"])
    let all = try await fixture.reader.tasks(run: run)
    #expect(all.map(\.state) == [.done, .skipped, .pending, .pending])
    #expect(all[3].bounds == ["from": 1] && all[3].rowsTotal == 50 && all[3].attempt == 2)
    let more = try await fixture.sql(
      JournalSQL.insertTasks(holding, phase: 1, program: 2, tasks: [["operation": "z", "kind": "observe"]]))
    #expect(more.first?["first_task"] == "5")
    #expect(try await fixture.reader.programs(run: run).map(\.attempt) == [1, 2])
    #expect(try await fixture.reader.programs(run: run)[1].factsDigest == "0a")
    #expect(try await fixture.sql(JournalSQL.voidPhase(holding, phase: 1)).count == 3)
    #expect(try await fixture.sql(JournalSQL.nextPhase(holding, to: 2)).count == 1)
    #expect(try await fixture.reader.step("a", run: run)?.phase == 2)
    try await fixture.expectSound()
  }

  @Test("a phase with a task in doubt is not compiled again")
  func doubtForbids() async throws {
    let (fixture, _, holding) = try await begin()
    try await fixture.sql(JournalSQL.intent(holding, task: 1, [:]))
    let sql = JournalSQL.insertProgram(
      holding, phase: 1, name: "run", operations: [], carry: nil, factsDigest: nil, tasks: [])
    #expect(await fixture.refusal(sql) == JournalCode.unfinishedTask)
  }
}
