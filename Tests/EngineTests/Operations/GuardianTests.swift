import Engine
import Glibc
import Journal
import PlanSchema
import PluginAPI
import SQLText
import Sandbox
import TestSupport
import Testing

/// A process of its own, killed or stopped inside an open bracket that has paused a pool.
@Suite(
  .database(template: "CREATE TABLE log (n serial, what text)"), .enabled(if: TestPooler.isInstalled),
  .ownTime(.minutes(5)))
struct GuardianTests {
  private static let secret = "sesame-of-the-console"

  private let work = Operation.sql(
    "work", "INSERT INTO log (what) VALUES ('work')", undo: "INSERT INTO log (what) VALUES ('undone')")
  private let slow = Operation.sql("slow", "SELECT pg_sleep(600) WHERE to_regclass('quick') IS NULL")

  /// Starts it and waits until its pool is paused and it sleeps inside.
  private func begin(_ pooled: Pooled, deadline: TimeSpan = .seconds(60)) async throws -> (OwnProcess, pid: Int32) {
    let console = Secret([.environment("CONSOLE")])
    let own = try OwnProcess(
      try TestProgram.step("go", [pooled.bracket([work, slow], console: console, deadline: deadline)]), pooler: pooled.pooler,
      environment: ["CONSOLE": "host=127.0.0.1 port=\(pooled.pooler.port) user=postgres password=\(Self.secret)"])
    let pid = try own.start("apply")
    try await until("asleep in a paused pool: \(own.log)") {
      let asleep = try await own.database.sql(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
      return asleep.value == "t" ? try await pooled.isPaused() : false
    }
    return (own, pid)
  }

  private func guardian(_ own: OwnProcess) async throws -> Int32 {
    let pid = try await own.database.sql("SELECT intent -> 'guardian' ->> 'pid' FROM caisson.task WHERE kind = 'bracket'").value
    return try #require(pid.flatMap { Int32($0) })
  }

  private func log(_ own: OwnProcess) async throws -> String {
    try await own.database.sql("SELECT string_agg(what, ' ' ORDER BY n) FROM log").value ?? ""
  }

  @Test("killed inside: the guardian resumes the pool and ends; resume, or rollback, then ends as if nothing had been",
        arguments: ["resume", "rollback"])
  func killed(verb: String) async throws {
    try await Pooled.with { pooled in
      let (own, pid) = try await begin(pooled)
      let guardian = try await guardian(own)
      #expect(getsid(guardian) == guardian)
      own.kill(pid)
      try await until("resumed") { try await !pooled.isPaused() }
      await until("no orphan") { !exists("/proc/\(guardian)") }
      try await own.database.script("CREATE TABLE quick ()")
      let ended = try await own.run(verb)
      #expect(ended.code == .exited(0), "\(ended.text)")
      #expect(try await log(own) == (verb == "resume" ? "work" : "work undone"))
      #expect(try await !pooled.isPaused())
      let doubts: SQL = "SELECT count(*) FROM caisson.task WHERE state NOT IN ('done', 'undone', 'skipped')"
      #expect(try await own.database.sql(doubts).value == "0")
      let connection = try await own.database.connect()
      #expect(try await JournalCheck.run(on: connection).isEmpty)
      await connection.close()
    }
  }

  @Test("no secret stands in the guardian's command line or environment")
  func secrecy() async throws {
    try await Pooled.with { pooled in
      let (own, pid) = try await begin(pooled)
      let guardian = try await guardian(own)
      let parent = ServerFiles.read("/proc/\(pid)/environ") ?? ""
      #expect(parent.contains(Self.secret))
      for file in ["cmdline", "environ"] {
        let text = try #require(ServerFiles.read("/proc/\(guardian)/\(file)"))
        #expect(!text.isEmpty && !text.contains(Self.secret) && !text.contains("TARGET="), "\(text)")
      }
      let journal: SQL = "SELECT string_agg(t::text, ' ') || (SELECT string_agg(e::text, ' ') FROM caisson.event e) FROM caisson.task t"
      #expect(try await own.database.sql(journal).value?.contains(Self.secret) == false)
      own.kill(pid)
      await until("no orphan") { !exists("/proc/\(guardian)") }
    }
  }

  @Test("a parent that hangs does not keep it open past the deadline")
  func hanging() async throws {
    try await Pooled.with { pooled in
      let (own, pid) = try await begin(pooled, deadline: .seconds(8))
      kill(pid, SIGSTOP)
      let guardian = try await guardian(own)
      try await until("resumed") { try await !pooled.isPaused() }
      await until("no orphan") { !exists("/proc/\(guardian)") || ServerFiles.read("/proc/\(guardian)/stat")?.contains(") Z ") == true }
      kill(pid, SIGCONT)
      var status: CInt = 0
      waitpid(pid, &status, 0)
      #expect(own.log.contains("was not over within its deadline of 8s"), "\(own.log)")
      #expect(try await !pooled.isPaused())
    }
  }

  @Test("when the guardian died as well, the journal says what is open and how a person closes it; resume closes it first")
  func everythingDead() async throws {
    try await Pooled.with { pooled in
      let (own, pid) = try await begin(pooled)
      kill(try await guardian(own), SIGKILL)
      own.kill(pid)
      let connection = try await own.database.connect()
      let run = try #require(try await own.database.sql("SELECT run_id FROM caisson.run").value)
      let open = try await JournalReader(connection).openBrackets(run: run)
      await connection.close()
      #expect(open.map(\.title) == ["with the pool paused"])
      #expect(open.first?.close == ["psql \"$CONSOLE\" -c 'RESUME \(own.database.name)'  # database pgbouncer"])
      #expect(try await pooled.isPaused())
      try await own.database.script("CREATE TABLE quick ()")
      let ended = try await own.run("resume")
      #expect(ended.code == .exited(0) && ended.text.contains("was left open"), "\(ended.text)")
      #expect(try await !pooled.isPaused())
      #expect(try await log(own) == "work")
    }
  }

  @Test("a bracket needs a way past the pooler")
  func needsSession() async throws {
    try await Pooled.with { pooled in
      let harness = try EngineHarness([pooled.bracket([work])])
      let error = await #expect(throws: EngineError.self) {
        try await harness.runner(pooler: pooled.pooler, isDirectKnown: false).apply()
      }
      #expect(error?.hint?.contains("session_target") == true)
    }
  }
}
