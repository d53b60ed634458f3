import Glibc
import PostgresClient
import SQLText
import TestSupport
import Testing

/// Two PgBouncers in front of one database: all are paused or none, and all are resumed.
@Suite(.database(template: PauseDesk.sample), .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(5)))
struct PausedByTwoTests {
  private var name: String { TestDatabase.current.name }

  private func with(stall: String, _ body: (PauseDesk) async throws -> Void) async throws {
    try await PauseDesk.with(step: PauseDesk.step(stall: stall, consoles: 2), poolers: 2, body)
  }

  private func isPaused(_ desk: PauseDesk) async throws -> [Bool] {
    var found: [Bool] = []
    for pooler in desk.poolers { found.append(try await pooler.isPaused(name)) }
    return found
  }

  @Test("both pause for the swap, and for its way back; both are resumed")
  func both() async throws {
    try await with(stall: "3s") { desk in
      for (command, partitioned) in [("apply", true), ("rollback", false)] {
        let said = try await desk.project.run(command, "--yes")
        #expect(said.exit == 0, "\(said.stdout)\(said.stderr)")
        #expect(try await PauseDesk.isPartitioned() == partitioned)
      }
      for pooler in desk.poolers {
        let pauses = try await pooler.pauses()
        #expect(pauses.count == 2 && pauses.allSatisfy { $0 != nil }, "\(pauses)")
      }
    }
  }

  @Test("one that cannot be paused in time: the other is resumed, nothing is swapped, and it is tried again")
  func busy() async throws {
    try await with(stall: "300ms") { desk in
      let client = try await desk.poolers[1].session(name)
      try await client.script("BEGIN; SELECT 1")
      let running = try desk.project.start("apply", "--yes")
      try await PauseDesk.until(running) { try await desk.poolers[0].pauses().count { $0 != nil } >= 2 }
      #expect(try await !PauseDesk.isPartitioned())
      try await client.script("COMMIT")
      await client.close()
      #expect(await running.wait() == 0, "\(running.output)")
      #expect(try await PauseDesk.isPartitioned())
      #expect(try await isPaused(desk) == [false, false])
    }
  }

  @Test("one dies before it is paused: the other is resumed and nothing is swapped; resume goes on when it is back")
  func diesBefore() async throws {
    try await with(stall: "20s") { desk in
      var desk = desk
      // Its PAUSE waits for this one.
      let client = try await desk.poolers[0].session(name)
      try await client.script("BEGIN; SELECT 1")
      let running = try desk.project.start("apply", "--yes")
      try await PauseDesk.until(running) { try await desk.poolers[0].isPaused(name) }
      desk.poolers[1].end()
      try await client.script("COMMIT")
      await client.close()
      try await PauseDesk.until(running) { try await !desk.poolers[0].isPaused(name) }
      #expect(try await !PauseDesk.isPartitioned())
      // Until then it may be that it is paused and cannot be asked.
      desk.poolers[1] = try await desk.poolers[1].restart()
      #expect(await running.wait() != 0)
      #expect(running.output.contains("cannot reach the admin console"), "\(running.output)")
      #expect(try await !PauseDesk.isPartitioned())
      let resumed = try await desk.project.run("resume")
      #expect(resumed.exit == 0, "\(resumed.stdout)\(resumed.stderr)")
      #expect(try await PauseDesk.isPartitioned())
      #expect(try await isPaused(desk) == [false, false])
    }
  }

  @Test("one dies while both are paused: the clients of the other wait no longer for that, whether Caisson lives or not",
        arguments: [false, true])
  func diesWithin(killed: Bool) async throws {
    try await with(stall: "20s") { desk in
      var desk = desk
      let reader = try await PauseDesk.reader()
      let running = try desk.project.start("apply", "--yes")
      try await PauseDesk.until(running) { try await isPaused(desk) == [true, true] }
      desk.poolers[0].end()
      if killed { running.signal(SIGKILL) }
      try await reader.script("COMMIT")
      await reader.close()
      try await PauseDesk.until(running) { try await !desk.poolers[1].isPaused(name) }
      // The first is still gone: nobody waits for it to be resumed.
      desk.poolers[0] = try await desk.poolers[0].restart()
      let ended = await running.wait()
      if killed {
        let resumed = try await desk.project.run("resume")
        #expect(resumed.exit == 0, "\(resumed.stdout)\(resumed.stderr)")
      } else {
        #expect(ended == 0, "\(running.output)")
      }
      #expect(try await PauseDesk.isPartitioned())
      #expect(try await isPaused(desk) == [false, false])
    }
  }
}
