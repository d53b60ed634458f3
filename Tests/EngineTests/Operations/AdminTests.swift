import Engine
import Glibc
import PlanSchema
import PluginAPI
import SQLText
import Sandbox
import TestSupport
import Testing

@Suite(.database, .enabled(if: TestPooler.isInstalled), .ownTime(.minutes(5))) struct AdminTests {
  @Test("a command on the console, and its undo")
  func both() async throws {
    try await Pooled.with { pooled in
      let undo = Undo.operations([pooled.admin("RESUME", paused: false)])
      // The run goes through the very pool that it pauses.
      let harness = try EngineHarness([pooled.admin("PAUSE", paused: true, undo: undo)])
      try await harness.succeed(try await harness.runner(pooler: pooled.pooler).apply())
      #expect(try await pooled.isPaused())
      #expect(try await harness.runner(pooler: pooled.pooler).rollback().ending.isRolledBack)
      #expect(try await !pooled.isPaused())
      #expect(try await harness.flaws() == [])
    }
  }

  @Test("after a crash the probe decides: what took effect is not sent again; without one it is", arguments: [true, false])
  func doubt(hasProbe: Bool) async throws {
    try await Pooled.with { pooled in
      let harness = try EngineHarness([pooled.admin("PAUSE", paused: hasProbe ? true : nil), .sql("then", "INSERT INTO later VALUES (1)")])
      #expect(try await !harness.runner().apply().ending.isSuccess)
      // As if it had died before the record; with the probe nobody may send PAUSE, and a refused RESUME is not the same.
      try await harness.database.script("UPDATE caisson.task SET state = 'in_doubt' WHERE task = 1; CREATE TABLE later (n int)")
      try await harness.succeed(try await harness.runner().resume())
      let intents: SQL = "SELECT count(*) FROM caisson.event WHERE kind = 'task.intent'"
      #expect(try await harness.database.sql(intents).value == (hasProbe ? "1" : "2"))
      #expect(try await pooled.isPaused())
    }
  }

  @Test("an error after which the probe says that it is so is none")
  func alreadySo() async throws {
    try await Pooled.with { pooled in
      let harness = try EngineHarness([pooled.admin("RESUME", paused: false)])
      try await harness.succeed(try await harness.runner().apply())
    }
  }

  @Test("what the console refuses is said with what can be done", arguments: [
    ("RESUME", "is not paused", "what is not cannot be resumed"), ("FROBNICATE", "invalid command", "SHOW HELP"),
  ])
  func refused(command: String, message: String, hint: String) async throws {
    try await Pooled.with { pooled in
      let harness = try EngineHarness([pooled.admin(command)])
      let error = try #require(try await harness.runner().apply().ending.errors.first)
      #expect(error.message.contains(message) && error.hint?.contains(hint) == true, "\(error.message) / \(error.hint ?? "")")
    }
  }

  @Test("a pooler that is down, and a user who is not its admin, are told apart from a refused command")
  func unreachable() async throws {
    let down = Secret([.text("host=127.0.0.1 port=\(try LoopbackPort.free()) user=postgres password=sesame")])
    try await Pooled.with { pooled in
      let harness = try EngineHarness([pooled.admin("PAUSE", console: down)])
      let report = try await harness.runner().apply()
      #expect(report.ending.refusals == ["secret.literal"], "\(report.ending)")
    }
    setenv("CAISSON_TEST_CONSOLE", "host=127.0.0.1 port=\(try LoopbackPort.free()) user=postgres password=sesame", 1)
    try await Pooled.with { pooled in
      let harness = try EngineHarness([pooled.admin("PAUSE", console: Secret([.environment("CAISSON_TEST_CONSOLE")]))])
      let error = try #require(try await harness.runner().apply().ending.errors.first)
      #expect(error.message.contains("cannot reach the admin console") && error.hint?.contains("is PgBouncer running") == true)
      #expect(!"\(error)".contains("sesame"))
    }
  }

  @Test("PAUSE waits for a transaction only so long")
  func patience() async throws {
    try await Pooled.with { pooled in
      let client = try await pooled.pooler.session(pooled.database.name)
      try await client.script("BEGIN; SELECT 1")
      let harness = try EngineHarness([pooled.admin("PAUSE", paused: true, timeout: .milliseconds(500))])
      let error = try #require(try await harness.runner().apply().ending.errors.first)
      #expect(error.message.contains("no answer") && error.hint?.contains("SHOW CLIENTS") == true, "\(error)")
      await client.close()
    }
  }

  @Test("a login to the server that is under way is waited for: PAUSE would cut it off, and clients would be turned away later")
  func login() async throws {
    try await Pooled.with(login: 1) { pooled in
      async let first = pooled.session()
      try await pooled.login()
      let harness = try EngineHarness([pooled.admin("PAUSE", paused: true), pooled.admin("RESUME", paused: false)])
      try await harness.succeed(try await harness.runner().apply())
      await (try pooled.session()).close()
      await (try first).close()
    }
  }

  @Test("a login that does not end keeps no PAUSE from being sent")
  func endlessLogin() async throws {
    try await Pooled.with(login: 60) { pooled in
      let first = Task { try await pooled.session() }
      try await pooled.login()
      let harness = try EngineHarness([pooled.admin("PAUSE", paused: true, timeout: .seconds(1))])
      try await harness.succeed(try await harness.runner().apply())
      #expect(try await pooled.isPaused())
      pooled.pooler.end()
      _ = await first.result
    }
  }

  @Test("two commands in one are refused, and a PAUSE that nothing is sure to end is warned of")
  func findings() async throws {
    try await Pooled.with { pooled in
      var two = pooled.admin("SHOW VERSION; SHUTDOWN")
      two.title = "two"
      func codes(_ operation: Operation) async throws -> [String] {
        try await EngineHarness([operation]).runner().preview().preparation.steps.flatMap(\.findings).map(\.code)
      }
      let found = [try await codes(two), try await codes(pooled.admin("PAUSE")), try await codes(pooled.bracket([]))]
      #expect(found == [["admin.command"], ["admin.pause"], []])
    }
  }
}
