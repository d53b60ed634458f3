import Engine
import Journal
import PostgresClient
import SQLText
import TestSupport
import Testing

/// Several processes at the same schedules, and processes that die.
@Suite(.database(template: Ticking.database)) struct FiringSurvivalTests {
  private static func three(_ catchUp: String) -> String {
    ["a", "b", "c"].map { name in
      """
        \(name):
          uses: sql.run
          schedule: { every: 1h, catch_up: \(catchUp) }
          with: { up: "INSERT INTO fired (what) VALUES ('\(name)')", down: "DELETE FROM fired WHERE what = '\(name)'" }
      """
    }.joined(separator: "\n")
  }

  private static let each: SQL = """
    SELECT string_agg(what || n, ' ' ORDER BY what) FROM (SELECT what, count(*) n FROM fired GROUP BY 1) q
    """

  @Test("however many look, every moment fires exactly once")
  func concurrent() async throws {
    let ticking = try await Ticking.applied(Self.three("all"))
    for step in ["a", "b", "c"] { try await ticking.due("5 hours 30 minutes", step: step) }
    let done = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<6 {
        group.addTask {
          let schedules = ticking.schedules()
          var done = 0, idle = 0
          // Somebody else may have a schedule locked for a moment: nothing to claim is not yet the end.
          while idle < 5 {
            if let report = try await schedules.fireDue() {
              done += report.isDone ? 1 : 0
              idle = 0
            } else {
              idle += 1
              try await Task.sleep(for: .milliseconds(100))
            }
          }
          return done
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(done == 18)
    #expect(try await ticking.database.sql(Self.each).value == "a6 b6 c6")
    #expect(try await ticking.count("SELECT count(DISTINCT run_id) FROM caisson.firing WHERE state = 'done'") == 18)
    try await ticking.expectSound()
  }

  @Test("death between claim and run: taken over at once, one run")
  func deathAfterClaim() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.due()
    _ = try await ticking.claim(alive: false)
    #expect(try await ticking.firings() == "running")
    #expect(try await ticking.fireAll().map(\.end) == [.done])
    #expect(try await ticking.fired() == 1)
    #expect(try await ticking.runs() == 1)
    #expect(try await ticking.count("SELECT count(*) FROM caisson.event WHERE kind = 'firing.taken_over'") == 1)
    try await ticking.expectSound()
  }

  @Test("a claim of a process that may be alive is left alone until its time has run out")
  func alive() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.due()
    _ = try await ticking.claim(alive: true)
    #expect(try await ticking.fireAll().isEmpty)
    let next = try #require(try await ticking.schedules().nextDue())
    #expect(next > .seconds(500) && next <= .seconds(600))
  }

  @Test("death between the run's end and its record: recorded, and not run again")
  func deathBeforeRecord() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.due()
    try await ticking.fireAll()
    try await ticking.database.sql("UPDATE caisson.firing SET state = 'running', ended_at = NULL, until = now()")
    let reports = try await ticking.fireAll()
    #expect(reports.map(\.end) == [.done])
    #expect(try await ticking.fired() == 1)
    #expect(try await ticking.runs() == 1)
    try await ticking.expectSound()
  }

  @Test("one that wakes up after it was replaced can neither begin a run nor record an end")
  func replaced() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.due()
    let row = try await ticking.claim(alive: false)
    let old = FiringHold(id: try row.int64("firing_id"), fence: try row.int64("fence"))
    try await ticking.fireAll()
    let connection = try await ticking.database.connect()
    let late = JournalSQL.startFiring(
      old, plan: ticking.harness.resolved.planHash, target: "staging", variant: "schedule:tick", reason: nil,
      actor: "late")
    let creation = JournalSQL.createRun(
      plan: ticking.harness.resolved.planHash, target: "staging", variant: "schedule:tick", host: "h", actor: "late",
      steps: [], programs: [], tasks: [])
    let error = await #expect(throws: PostgresError.self) {
      try await connection.batch(["BEGIN", creation, late, "COMMIT"])
    }
    #expect(error?.sqlState == JournalCode.mayNotRun)
    await connection.rollback()
    #expect(try await ticking.runs() == 1)
    let end = try await connection.query(JournalSQL.endFiring(old, state: .failed, reason: "late", actor: "late"))
    #expect(end.rows.isEmpty)
    #expect(try await connection.query(JournalSQL.renewFiring(old, ttl: .seconds(30))).rows.isEmpty)
    await connection.close()
    #expect(try await ticking.firings() == "done")
  }

  @Test("a stop leaves the run at its checkpoint; whoever comes next goes on with the same run")
  func stopped() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.due()
    let stop = StopSignal()
    stop.request()
    let report = try #require(try await ticking.schedules(stop: stop).fireDue())
    guard case .released = report.outcome else { Issue.record("\(report.outcome)"); return }
    #expect(try await ticking.fired() == 0)
    try await ticking.database.sql("UPDATE caisson.firing SET until = now()")
    let again = try await ticking.fireAll()
    #expect(again.map(\.end) == [.done] && again[0].run == report.run)
    #expect(try await ticking.fired() == 1)
    #expect(try await ticking.runs() == 1)
    try await ticking.expectSound()
  }

  @Test("a run that a person has paused is not taken up again behind their back")
  func pausedRun() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.due()
    let stop = StopSignal()
    stop.request()
    let report = try #require(try await ticking.schedules(stop: stop).fireDue())
    let connection = try await ticking.database.connect()
    try await connection.query(JournalSQL.setDesired(report.run ?? "", .pause, by: "ann@db", reason: "wait"))
    try await ticking.database.sql("UPDATE caisson.firing SET until = now()")
    #expect(try await ticking.fireAll().isEmpty)
    #expect(try await ticking.fired() == 0)
    await connection.close()
    #expect(try await ticking.schedules().resume("tick", by: "ann@db", reason: nil))
    #expect(try await ticking.fireAll().map(\.end) == [.done])
  }

  @Test("sessions terminated at random moments: no moment is lost and none fires twice", arguments: 1...3)
  func terminated(seed: Int) async throws {
    let ticking = try await Ticking.applied(Self.three("all"))
    for step in ["a", "b", "c"] { try await ticking.due("5 hours 30 minutes", step: step) }
    let database = ticking.database, calm = StopSignal()
    let storm = Task {
      defer { calm.request() }
      var dice = Dice(seed)
      // In a storm that goes on, firings die young, over and over: this one ends, and some get far before theirs.
      for _ in 0..<60 where !Task.isCancelled {
        try await Task.sleep(for: .milliseconds(5 + dice.roll(200)))
        try await database.sql(
          """
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name LIKE 'caisson:%' ORDER BY random() LIMIT 1
          """)
      }
    }
    let end = ContinuousClock.now + .seconds(20)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          let schedules = ticking.schedules()
          var isIdle = false
          while ContinuousClock.now < end, !(calm.isRequested && isIdle) {
            isIdle = (try? await schedules.fireDue()) == nil
            if isIdle { try? await Task.sleep(for: .milliseconds(20)) }
          }
        }
      }
    }
    storm.cancel()
    _ = await storm.result
    // Claims whose holder could not say that it gave up would run out by themselves.
    for _ in 0..<40 {
      try await database.sql("UPDATE caisson.firing SET until = now() WHERE state = 'running'")
      let open: SQL = "SELECT count(*) FROM caisson.firing WHERE ended_at IS NULL"
      if try await ticking.fireAll().isEmpty, try await ticking.count(open) == 0 { break }
      try await Task.sleep(for: .milliseconds(250))
    }
    #expect(try await database.sql(Self.each).value == "a6 b6 c6")
    #expect(try await ticking.count("SELECT count(*) FROM caisson.firing WHERE state = 'done'") == 18)
    try await ticking.expectSound()
  }
}
