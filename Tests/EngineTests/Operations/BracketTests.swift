import Engine
import Glibc
import Journal
import JSONText
import PlanSchema
import PluginAPI
import SQLText
import TestSupport
import Testing

@Suite(.database(template: "CREATE TABLE log (n serial, what text)"), .ownTime(.minutes(5))) struct BracketTests {
  /// Opened and closed by statements that leave a trace.
  private func bracket(_ body: [Operation], undo: Undo = .nothing, deadline: TimeSpan = .seconds(60)) -> Operation {
    .bracket(
      id: "bracket", title: "in brackets",
      BracketWork(
        open: [.sql("open", "INSERT INTO log (what) VALUES ('open')")], body: body,
        close: [.sql("close", "INSERT INTO log (what) VALUES ('close')")], deadline: deadline), undo: undo)
  }

  private func log() async throws -> String {
    try await TestDatabase.current.sql("SELECT string_agg(what, ' ' ORDER BY n) FROM log").value ?? ""
  }

  private let work = Operation.sql(
    "work", "INSERT INTO log (what) VALUES ('work')", undo: "INSERT INTO log (what) VALUES ('undone')")

  @Test("it is opened and closed around its body, and taken back inside the same bracket")
  func both() async throws {
    let more = Operation.sql("more", "INSERT INTO log (what) VALUES ('more')", undo: "INSERT INTO log (what) VALUES ('less')")
    let harness = try EngineHarness([bracket([work, .parallel(id: "p", title: "p", width: 2, [more])])])
    try await harness.succeed(try await harness.runner().apply())
    #expect(try await log() == "open work more close")
    #expect(try await harness.runner().rollback().ending.isRolledBack)
    #expect(try await log() == "open work more close open less undone close")
    #expect(try await harness.states() == ["go": "undone"])
    #expect(try await harness.flaws() == [])
  }

  @Test("an undo of its own replaces those of its body")
  func ownUndo() async throws {
    let back = Undo.operations([.sql("back", "INSERT INTO log (what) VALUES ('back')")])
    let harness = try EngineHarness([bracket([work], undo: back)])
    try await harness.succeed(try await harness.runner().apply())
    #expect(try await harness.runner().rollback().ending.isRolledBack)
    #expect(try await log() == "open work close back")
    #expect(try await harness.flaws() == [])
  }

  @Test("a body that fails is closed; what it had done is not done again")
  func failure() async throws {
    let harness = try EngineHarness([bracket([work, .sql("then", "INSERT INTO later VALUES (1)")])])
    let report = try await harness.runner().apply()
    #expect(report.ending.errors.first?.sqlState == "42P01", "\(report.ending)")
    #expect(try await log() == "open work close")
    try await harness.database.script("CREATE TABLE later (n int)")
    try await harness.succeed(try await harness.runner().resume())
    #expect(try await log() == "open work close open close")
    #expect(try await harness.runner().rollback().ending.isRolledBack)
    #expect(try await log() == "open work close open close open undone close")
  }

  @Test("an opening that fails is closed as well")
  func failedOpening() async throws {
    var operation = bracket([work])
    if case .bracket(var work) = operation.work {
      work.open.append(.sql("more", "INSERT INTO later VALUES (1)"))
      operation.work = .bracket(work)
    }
    let harness = try EngineHarness([operation])
    #expect(try await !harness.runner().apply().ending.isSuccess)
    #expect(try await log() == "open close")
  }

  @Test("past the deadline the body is cancelled and rolled back, all is closed, and the step says so; resume goes on")
  func deadline() async throws {
    let slow = Operation.sql("slow", "SELECT pg_sleep(600) WHERE to_regclass('quick') IS NULL")
    let harness = try EngineHarness([bracket([work, slow], deadline: .seconds(15))])
    let report = try await harness.runner().apply()
    let error = try #require(report.ending.errors.first, "\(report.ending)")
    #expect(error.message.contains("was not over within its deadline of 15s"), "\(error)")
    #expect(try await log() == "open work close")
    #expect(try await harness.states() == ["go": "failed"])
    try await harness.database.script("CREATE TABLE quick ()")
    try await harness.succeed(try await harness.runner().resume())
    #expect(try await log() == "open work close open close")
  }

  @Test("a guardian that dies alone: the bracket is closed at once and the step says why; resume has a new one")
  func deadGuardian() async throws {
    let slow = Operation.sql("slow", "SELECT pg_sleep(600) WHERE to_regclass('quick') IS NULL")
    let harness = try EngineHarness([bracket([work, slow])])
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    try await harness.database.until(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
    let guardian = try await harness.database.sql("SELECT intent -> 'guardian' ->> 'pid' FROM caisson.task WHERE kind = 'bracket'")
    kill(try #require(guardian.value.flatMap { Int32($0) }), SIGKILL)
    let report = try await running.value
    let error = try #require(report.ending.errors.first, "\(report.ending)")
    #expect(error.message.contains("the guardian of `in brackets` has ended"), "\(error)")
    #expect(try await log() == "open work close")
    try await harness.database.script("CREATE TABLE quick ()")
    try await harness.succeed(try await harness.runner().resume())
    #expect(try await log() == "open work close open close")
  }

  @Test("a stop closes it at once, and resume opens it again")
  func stop() async throws {
    let slow = Operation.sql("slow", "SELECT pg_sleep(600) WHERE to_regclass('quick') IS NULL")
    let harness = try EngineHarness([bracket([work, slow])])
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    try await harness.database.until(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
    harness.stop.request()
    harness.stop.request()
    let report = try await running.value
    #expect(report.ending.isInterruption, "\(report.ending)")
    #expect(try await log() == "open work close")
    try await harness.database.script("CREATE TABLE quick ()")
    try await harness.succeed(try await harness.runner(stop: StopSignal()).resume())
    #expect(try await log() == "open work close open close")
  }

  @Test("a close that cannot be done is said, stays on record, and is done before anything else")
  func unclosed() async throws {
    var operation = bracket([work])
    if case .bracket(var work) = operation.work {
      work.close = [.sql("close", "INSERT INTO log (what) SELECT 'close' FROM later")]
      operation.work = .bracket(work)
    }
    let harness = try EngineHarness([operation])
    let runner = harness.runner()
    let running = Task { try await runner.apply() }
    #expect(try await harness.database.sql("SELECT 1").value == "1")
    // The guardian tries for a minute: it is given what it needs after the first refusals.
    try await harness.database.until("SELECT to_regclass('caisson.task') IS NOT NULL")
    try await harness.database.until("SELECT count(*) = 2 FROM log")
    try await Task.sleep(for: .seconds(2))
    try await harness.database.script("CREATE TABLE later (n int); INSERT INTO later VALUES (1)")
    try await harness.succeed(try await running.value)
    #expect(try await log() == "open work close")
    #expect(try await harness.database.sql("SELECT count(*) FROM caisson.event WHERE data ->> 'text' LIKE 'the guardian closed%'").value == "1")
  }

  @Test("what cannot be guarded is refused before anything runs")
  func refused() async throws {
    let look = Operation.observe(id: "look", title: "look", ObserveWork([.init("q", "SELECT true")]))
    func codes(_ work: BracketWork) async throws -> [String] {
      let operation = Operation.bracket(id: "b", title: "b", work)
      return try await EngineHarness([operation]).runner().apply().ending.refusals
    }
    #expect(try await codes(BracketWork(open: [look], body: [work], close: [work], deadline: .seconds(1))) == ["bracket.edge"])
    #expect(try await codes(BracketWork(open: [], body: [work], close: [look], deadline: .seconds(1))) == ["bracket.edge"])
    #expect(try await codes(BracketWork(open: [], body: [work], close: [], deadline: .seconds(1))) == ["bracket.close"])
    #expect(try await codes(BracketWork(open: [], body: [work], close: [work], deadline: .zero)) == ["bracket.deadline"])
    #expect(try await codes(BracketWork(open: [], body: [bracket([])], close: [work], deadline: .seconds(1))) == ["bracket.nested"])
    #expect(try await log() == "")
  }

  @Test("nothing is opened without a guardian")
  func unguarded() async throws {
    let harness = try EngineHarness([bracket([work])])
    let report = try await harness.runner(guardian: "/bin/true").apply()
    #expect(report.ending.errors.first?.message.contains("the guardian of `in brackets` did not start") == true, "\(report.ending)")
    #expect(try await log() == "")
    try await harness.succeed(try await harness.runner().resume())
    #expect(try await log() == "open work close")
  }
}
