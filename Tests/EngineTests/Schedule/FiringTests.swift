import Engine
import Journal
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database(template: Ticking.database)) struct FiringTests {
  @Test("apply runs a scheduled step like any other and registers it; the first firing is still to come")
  func applying() async throws {
    let ticking = try Ticking()
    #expect(try await ticking.harness.runner().apply().ending.isSuccess)
    #expect(try await ticking.fired() == 1)
    let next = try #require(try await ticking.schedules().nextDue())
    #expect(next > .seconds(3_500) && next <= .seconds(3_600))
    #expect(try await ticking.fireAll().isEmpty)
    #expect(try await ticking.firings() == "")
  }

  @Test("a due moment is one run with one step, beside the plan's own; the next moment keeps the grid")
  func once() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.due("10 minutes")
    #expect(try await ticking.schedules().nextDue() == .zero)
    let reports = try await ticking.fireAll()
    #expect(reports.count == 1 && reports[0].isDone, "\(reports)")
    #expect(try await ticking.fired() == 1)
    #expect(try await ticking.firings() == "done")
    let steps: SQL = """
      SELECT string_agg(s.step || ' ' || s.state || ' ' || r.state, ',')
      FROM caisson.run r JOIN caisson.step s USING (run_id) WHERE r.variant = 'schedule:tick'
      """
    #expect(try await ticking.database.sql(steps).value == "tick done succeeded")
    let next = try #require(try await ticking.schedules().nextDue())
    #expect(next > .seconds(2_900) && next <= .seconds(3_000))
    let events: SQL = "SELECT string_agg(kind, ' ' ORDER BY id) FROM caisson.event WHERE kind ~ '^(firing|schedule)'"
    #expect(
      try await ticking.database.sql(events).value
        == "schedule.registered firing.due firing.running firing.done")
    try await ticking.expectSound()
  }

  @Test("the plan's own run stays what apply, status and rollback are about")
  func besideThePlan() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.due()
    try await ticking.fireAll()
    guard case .alreadyApplied = try await ticking.harness.runner().apply().ending else {
      Issue.record("a firing hides the plan's run")
      return
    }
    #expect(try await ticking.harness.states() == ["base": "done", "tick": "done"])
    guard case .rolledBack = try await ticking.harness.runner().rollback().ending else {
      Issue.record("a firing keeps the plan from being rolled back")
      return
    }
    try await ticking.due()
    #expect(try await ticking.fireAll().map(\.end) == [.skipped("step tick was rolled back")])
    #expect(try await ticking.fired() == 0)
    try await ticking.expectSound()
  }

  @Test("a scheduled step is recurring: a new run of the plan does it again, what is not scheduled is carried over")
  func recurring() async throws {
    let ticking = try await Ticking.applied()
    #expect(try await ticking.fired() == 0)
    let edited = try Ticking(Ticking.steps("{ every: 2h }"))
    #expect(try await edited.harness.runner().apply().ending.isSuccess)
    #expect(try await edited.fired() == 1)
    #expect(try await edited.count("SELECT count(*) FROM caisson.step WHERE done_by = 'carried'") == 1)
  }

  @Test("a time zone the server does not have is refused before anything runs")
  func zone() async throws {
    let ticking = try Ticking(Ticking.steps(#"{ cron: "@daily", zone: Europe/Atlantis }"#))
    let error = await #expect(throws: EngineError.self) { try await ticking.harness.runner().apply() }
    #expect(error?.code == .refused && error?.step == "tick" && error?.message.contains("Europe/Atlantis") == true)
    #expect(try await ticking.count("SELECT count(*) FROM caisson.run") == 0)
  }

  @Test("a cron schedule fires at its wall-clock time and comes again")
  func cron() async throws {
    let ticking = try await Ticking.applied(Ticking.steps(#"{ cron: "*/5 * * * *", zone: Asia/Kathmandu }"#))
    let isNext: SQL = """
      SELECT next_at > now() AND next_at <= now() + interval '5 minutes'
        AND extract(epoch FROM next_at)::bigint % 300 = 0 FROM caisson.schedule
      """
    #expect(try await ticking.database.sql(isNext).value == "t")
    // Half an hour ago: five or six missed, the latest fires.
    try await ticking.database.sql("UPDATE caisson.schedule SET next_at = next_at - interval '30 minutes'")
    #expect(try await ticking.fireAll().map(\.end) == [.done])
    #expect(try await ticking.firings() == "skippedx5 done")
    #expect(try await ticking.database.sql(isNext).value == "t")
    try await ticking.expectSound()
  }

  @Test("catch-up after an absence", arguments: [
    ("none", "skippedx6", 0), ("latest", "skippedx5 done", 1), ("all", "done done done done done done", 6),
  ])
  func catchUp(_ rule: String, _ firings: String, _ fired: Int) async throws {
    let ticking = try await Ticking.applied(Ticking.steps("{ every: 1h, catch_up: \(rule) }"))
    try await ticking.due("5 hours 30 minutes")
    try await ticking.fireAll()
    #expect(try await ticking.firings() == firings)
    #expect(try await ticking.fired() == fired)
    #expect(try await ticking.runs() == fired)
    let inOrder: SQL = """
      SELECT bool_and(r.created_at > p.created_at) IS NOT false FROM caisson.firing f JOIN caisson.run r USING (run_id)
        JOIN caisson.firing g ON g.due_at < f.due_at JOIN caisson.run p ON p.run_id = g.run_id
      """
    #expect(try await ticking.database.sql(inOrder).value == "t")
    let next = try #require(try await ticking.schedules().nextDue())
    #expect(next > .seconds(1_700) && next <= .seconds(1_800))
    try await ticking.expectSound()
  }

  @Test("while a firing runs, the next moment is left out or waits, and further ones coalesce", arguments: [
    ("skip", "running skipped skipped", "is still running", 1), ("queue", "running due skipped", "coalesced with", 2),
  ])
  func overlap(_ rule: String, _ firings: String, _ reason: String, _ fired: Int) async throws {
    let ticking = try await Ticking.applied(Ticking.steps("{ every: 1h, overlap: \(rule) }"))
    try await ticking.due("30 seconds")
    let held = try await ticking.claim(alive: true)
    for ago in ["20 seconds", "10 seconds"] {
      try await ticking.due(ago)
      try await ticking.schedules().recordDue()
    }
    #expect(try await ticking.firings() == firings)
    #expect(try await ticking.reason().contains(reason))
    // Nobody else may have it, nor what waits behind it.
    #expect(try await ticking.fireAll().isEmpty)
    let id = try held.int64("firing_id")
    try await ticking.database.sql("UPDATE caisson.firing SET until = now() WHERE firing_id = \(id)")
    #expect(try await ticking.fireAll().count == fired)
    #expect(try await ticking.fired() == fired)
    try await ticking.expectSound()
  }

  @Test("a paused schedule fires nothing; what came meanwhile is left out in one row")
  func pause() async throws {
    let ticking = try await Ticking.applied(), schedules = ticking.schedules()
    #expect(try await schedules.pause("tick", by: "ann@db", reason: "release day"))
    #expect(try await !schedules.pause("tick", by: "bob@db", reason: "again"))
    try await ticking.due("3 hours 30 minutes")
    #expect(try await schedules.nextDue() == nil)
    #expect(try await ticking.fireAll().isEmpty)
    let record = try #require(try await schedules.list().first)
    #expect(record.pausedBy == "ann@db" && record.pausedReason == "release day")
    #expect(try await schedules.resume("tick", by: "bob@db", reason: nil))
    #expect(try await !schedules.resume("tick", by: "bob@db", reason: nil))
    #expect(try await ticking.fireAll().isEmpty)
    #expect(try await ticking.firings() == "skippedx4")
    #expect(try await ticking.reason() == "paused by ann@db: release day")
    let next = try #require(try await schedules.nextDue())
    #expect(next > .seconds(1_700) && next <= .seconds(1_800))
    try await ticking.expectSound()
  }

  @Test("an extra firing is carried out once, also while the schedule is paused, and moves nothing")
  func trigger() async throws {
    let ticking = try await Ticking.applied(), schedules = ticking.schedules()
    let before = try await ticking.database.sql("SELECT next_at FROM caisson.schedule").value
    _ = try await schedules.pause("tick", by: "ann@db", reason: "release day")
    #expect(try await schedules.trigger("tick", by: "ann@db", reason: "wanted now"))
    #expect(try await !schedules.trigger("tick", by: "ann@db", reason: nil))
    let reports = try await ticking.fireAll()
    #expect(reports.count == 1 && reports[0].isDone && reports[0].isExtra)
    #expect(try await ticking.fired() == 1)
    #expect(try await ticking.database.sql("SELECT next_at FROM caisson.schedule").value == before)
    try await ticking.expectSound()
  }

  @Test("a firing that compiles to nothing leaves no run behind")
  func nothingToDo() async throws {
    try await TestDatabase.current.script("CREATE TABLE chores (id int); INSERT INTO chores VALUES (1)")
    let ticking = try await Ticking.applied(
      "  tick: { uses: test.chores, schedule: { every: 1h } }", registry: Chores.registry)
    try await ticking.due("10 seconds")
    #expect(try await ticking.fireAll().map(\.end) == [.nothingToDo])
    #expect(try await ticking.runs() == 0)
    try await ticking.database.script("INSERT INTO chores VALUES (7)")
    try await ticking.due()
    #expect(try await ticking.fireAll().map(\.end) == [.done])
    #expect(try await ticking.runs() == 1)
    #expect(try await ticking.firings() == "nothing_to_do done")
    #expect(try await ticking.database.sql("SELECT what FROM fired").value == "7")
    try await ticking.expectSound()
  }

  @Test("a firing that fails says why; the next one begins anew in its place")
  func failure() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.database.script("ALTER TABLE fired RENAME TO away")
    try await ticking.due("10 seconds")
    let failed = try await ticking.fireAll()
    #expect(failed.count == 1 && failed[0].end?.reason?.contains("fired") == true, "\(failed)")
    #expect(try await ticking.firings() == "failed")
    try await ticking.database.script("ALTER TABLE away RENAME TO fired")
    try await ticking.due()
    #expect(try await ticking.fireAll().map(\.end) == [.done])
    #expect(try await ticking.fired() == 1)
    let states: SQL = "SELECT string_agg(state, ' ' ORDER BY created_at) FROM caisson.run WHERE variant <> ''"
    #expect(try await ticking.database.sql(states).value == "superseded succeeded")
    try await ticking.expectSound()
  }

  @Test("a firing whose gate is closed is left alone until the gate is to be asked again, by every worker; open, the same run goes on")
  func closedGate() async throws {
    let ticking = try await Ticking.applied("""
        tick:
          uses: gate.query
          schedule: { every: 1h }
          with: { query: SELECT count(*) = 0 FROM fired, message: the door is shut, every: 20min }
      """)
    try await ticking.database.script("INSERT INTO fired (what) VALUES ('shut')")
    try await ticking.due()
    let reports = try await ticking.fireAll()
    guard reports.count == 1, case .released(let reason, let pause) = reports[0].outcome else {
      return _ = Issue.record("\(reports)")
    }
    #expect(reason.contains("the door is shut"))
    #expect(pause > .seconds(1_190) && pause <= .seconds(1_200), "\(pause)")
    let next = try #require(try await ticking.schedules().nextDue())
    #expect(next > .seconds(1_190) && next <= .seconds(1_200), "\(next)")
    #expect(try await ticking.schedules().fireDue() == nil, "another worker")
    #expect(try await ticking.count("SELECT count(*) FROM caisson.runner WHERE dead_at IS NULL") == 0)
    // Its time has come.
    try await ticking.database.script("DELETE FROM fired; UPDATE caisson.firing SET until = now()")
    #expect(try await ticking.fireAll().map(\.end) == [.done])
    #expect(try await ticking.runs() == 1)
    #expect(try await ticking.count("SELECT count(*) FROM caisson.event WHERE kind = 'firing.taken_over'") == 0, "nobody was gone")
    try await ticking.expectSound()
  }
}
