import Glibc
import PostgresClient
import SQLText
import TestSupport
import Testing

/// However Caisson ends between PAUSE and RESUME: PgBouncer's own log says how long its clients waited.
@Suite(.database(template: PauseDesk.sample), .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(5)))
struct PausedDeadlineTests {
  enum End: String, CaseIterable, CustomTestStringConvertible {
    case killed = "kill -9", stopped = "SIGSTOP, and it never comes back"
    case stoppedThenKilled = "SIGSTOP, then kill -9", killedWithItsGroup = "kill -9 of it and of all it has started in its group"
    case awake = "alive, and the lock never comes"

    var testDescription: String { rawValue }
  }

  /// What the plan says.
  private static let deadline = 4_000

  @Test("the pool is resumed within the deadline that the plan states, and resume goes on as if nothing had been", arguments: End.allCases)
  func within(end: End) async throws {
    // Nothing but the deadline ends the pause: the lock may be waited for longer.
    try await PauseDesk.with(step: PauseDesk.step(stall: "60s", deadline: "\(Self.deadline)ms")) { desk in
      let name = TestDatabase.current.name, pooler = desk.poolers[0]
      // Not through the pool: the swap waits for its lock, with the pool paused.
      let reader = try await PauseDesk.reader()
      let running = try desk.project.start("apply", "--yes")
      try await PauseDesk.until(running) { try await pooler.isPaused(name) }
      switch end {
      case .killed: running.signal(SIGKILL)
      case .killedWithItsGroup: kill(getpgid(running.pid) == running.pid ? -running.pid : running.pid, SIGKILL)
      case .stopped: running.signal(SIGSTOP)
      case .stoppedThenKilled:
        running.signal(SIGSTOP)
        try await Task.sleep(for: .milliseconds(500))
        running.signal(SIGKILL)
      case .awake: break
      }
      try await PauseDesk.until(running) { try await !pooler.isPaused(name) }
      let first = try #require(try await pooler.pauses().first)
      let length = try #require(first, "no RESUME in the log")
      #expect(length <= Self.deadline, "\(end.rawValue): paused for \(length) ms")
      #expect(try await !PauseDesk.isPartitioned())
      // Its clients are served: nobody is let wait any more.
      let client = try await pooler.session(name)
      #expect(try await client.query("SELECT count(*) FROM orders").value == "2000")
      await client.close()
      if end != .killed, end != .killedWithItsGroup { running.signal(SIGKILL) }
      running.signal(SIGCONT)
      _ = await running.wait()
      try await reader.script("COMMIT")
      await reader.close()
      let resumed = try await desk.project.run("resume")
      #expect(resumed.exit == 0, "\(resumed.stdout)\(resumed.stderr)")
      #expect(try await PauseDesk.isPartitioned())
      let lengths = try await pooler.pauses()
      #expect(lengths.allSatisfy { $0.map { $0 <= Self.deadline } == true }, "each pause is over, and was short: \(lengths)")
    }
  }
}
