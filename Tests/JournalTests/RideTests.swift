import JSONText
import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct RideTests {
  @Test("a ride leaves step, task, attempt and event done under one fence, and the journal sound")
  func rows() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: a", tasks: 2)
    try await fixture.ride(run, "a")
    try await fixture.ride(run, "b")
    let steps = try await fixture.reader.steps(run: run)
    #expect(steps.map(\.state) == [.done, .done])
    #expect(steps.map(\.doneBy) == [.engine, .engine])
    #expect(steps[0].fence < steps[1].fence)
    #expect(steps[1].tasks == 2 && steps[1].tasksDone == 2)
    let attempts = try await fixture.reader.attempts(run: run, step: "b")
    #expect(attempts.map(\.outcome) == [.ok])
    #expect(attempts.first?.fence == steps[1].fence)
    let events = try await fixture.reader.events(run: run, step: "b")
    #expect(events.map(\.kind) == ["step.done"])
    #expect(try await fixture.sql(JournalSQL.finishRun(run, actor: "x")).first?["state"] == "succeeded")
    try await fixture.expectSound()
  }

  @Test("what may not run is refused, and nothing of the transaction remains")
  func refused() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: a", "c")
    #expect(await fixture.refusal(JournalSQL.ride(run: run, step: "b", runner: JournalFixture.runnerA)) == "CA001")
    #expect(await fixture.refusal(JournalSQL.ride(run: run, step: "zz", runner: JournalFixture.runnerA)) == "CA001")
    try await fixture.ride(run, "a")
    #expect(await fixture.refusal(JournalSQL.ride(run: run, step: "a", runner: JournalFixture.runnerA)) == "CA001")
    try await fixture.sql(JournalSQL.setDesired(run, .pause, by: "me"))
    #expect(await fixture.refusal(JournalSQL.ride(run: run, step: "b", runner: JournalFixture.runnerA)) == "CA001")
    try await fixture.sql(JournalSQL.setDesired(run, .run, by: "me"))
    try await fixture.sql("UPDATE caisson.step SET not_before = 'infinity' WHERE step = 'c'")
    #expect(await fixture.refusal(JournalSQL.ride(run: run, step: "c", runner: JournalFixture.runnerA)) == "CA001")
    #expect(try await fixture.states(run) == ["a": .done, "b": .pending, "c": .pending])
    #expect(try await fixture.reader.attempts(run: run).count == 1)
    try await fixture.expectSound()
  }

  @Test(
    "the refusal says why",
    arguments: [
      ("UPDATE caisson.run SET state = 'paused'", "the run is paused"),
      ("UPDATE caisson.run SET desired = 'pause'", "the run shall pause"),
      ("UPDATE caisson.step SET state = 'failed' WHERE step = 'b'", "the step is failed"),
      ("UPDATE caisson.step SET state = 'failed' WHERE step = 'a'", "it needs a (failed)"),
      ("UPDATE caisson.step SET not_before = 'infinity' WHERE step = 'b'", "not before infinity"),
    ])
  func why(_ change: String, _ words: String) async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: a")
    try await fixture.sql(SQL(verbatim: change))
    #expect(try await fixture.reader.whyNot(run: run, step: "b") == words)
  }

  @Test("in a pipeline each transaction has its own fate")
  func pipeline() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: zz", "c")
    try await fixture.sql("CREATE TABLE work (step text)")
    let outcomes = try await fixture.connection.pipeline(
      ["a", "b", "c"].map { step in
        [
          "BEGIN", JournalSQL.ride(run: run, step: step, runner: JournalFixture.runnerA),
          "INSERT INTO public.work VALUES (\(step))", "COMMIT",
        ]
      })
    #expect(outcomes.map { $0.error?.sqlState } == [nil, JournalCode.mayNotRun, nil])
    #expect(try await fixture.sql("SELECT step FROM work ORDER BY step").map { $0[0] } == ["a", "c"])
  }

  @Test("a ride that rolled back is an attempt with its error, and the step waits for its time")
  func failed() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a")
    let error = ErrorRecord(message: "no")
    let rows = try await fixture.sql(
      JournalSQL.rideFailed(
        run: run, step: "a", runner: JournalFixture.runnerA, to: .backoff, reason: "lock", error: error,
        delay: .seconds(60)))
    #expect(rows.first?["attempt"] == "1")
    #expect(await fixture.refusal(JournalSQL.ride(run: run, step: "a", runner: JournalFixture.runnerA)) == "CA001")
    try await fixture.sql("UPDATE caisson.step SET not_before = '-infinity'")
    try await fixture.ride(run, "a")
    let attempts = try await fixture.reader.attempts(run: run)
    #expect(attempts.map(\.outcome) == [.error, .ok])
    #expect(attempts[0].error?["message"]?.string == "no")
    try await fixture.expectSound()
  }

  @Test("the end of a long ride is recorded when asked for")
  func ended() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a")
    try await fixture.connection.batch([
      "BEGIN", JournalSQL.ride(run: run, step: "a", runner: JournalFixture.runnerA), "SELECT pg_sleep(0.05)",
      JournalSQL.rideEnded(run: run, step: "a"), "COMMIT",
    ])
    #expect(try await fixture.reader.attempts(run: run)[0].seconds >= 0.05)
  }

  @Test("many runners on the same steps: each step's work is done once, a join not before its needs")
  func racing() async throws {
    let fixture = try await JournalFixture()
    let names = (0..<40).map { "s\($0)" }
    let run = try await fixture.run(
      names.map { $0 } + ["join: " + names.joined(separator: " ")])
    try await fixture.sql("CREATE TABLE work (step text)")
    let target = TestDatabase.current.target
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let connection = try await Connection.connect(target)
          for step in names.shuffled() + ["join"] {
            _ = try await connection.pipeline([
              [
                "BEGIN", JournalSQL.ride(run: run, step: step, runner: JournalFixture.runnerA),
                "INSERT INTO public.work VALUES (\(step))", "COMMIT",
              ]
            ])
            await connection.rollback()
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await fixture.sql("SELECT step FROM work GROUP BY step HAVING count(*) > 1").isEmpty)
    #expect(try await fixture.sql("SELECT count(*) FROM work").first?[0] == "41")
    try await fixture.expectSound()
  }

  @Test("a step whose work was done under a claim is not ridden again")
  func claimedBefore() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a")
    let holding = try #require(try await fixture.claim(run, "a"))
    try await fixture.work(holding)
    try await fixture.sql(JournalSQL.release(holding))
    let ride = JournalSQL.ride(run: run, step: "a", runner: JournalFixture.runnerB)
    #expect(await fixture.refusal(ride) == JournalCode.mayNotRun)
    #expect(try await fixture.reader.whyNot(run: run, step: "a") == "it has begun: it is claimed, not ridden")
    let second = try #require(try await fixture.claim(run, "a"))
    #expect(try await fixture.sql(JournalSQL.finishStep(second)).count == 1)
    try await fixture.expectSound()
  }
}
