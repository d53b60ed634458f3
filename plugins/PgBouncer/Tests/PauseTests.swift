import SQLText
import TestSupport
import Testing

@testable import PgBouncer

@Suite("pgbouncer.pause and pgbouncer.resume", .database, .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(5)))
struct PauseTests {
  private func with(_ body: (BouncerDesk, TestPooler) async throws -> Void) async throws {
    try await BouncerDesk.with { desk in
      let pooler = try await TestPooler.start(desk.database.cluster, databases: [desk.database.name, "other"])
      do { try await body(desk, pooler) } catch {
        await pooler.stop()
        throw error
      }
      await pooler.stop()
    }
  }

  private func console(_ pooler: TestPooler) -> [String: String] { ["CONSOLE": pooler.console] }

  @Test("the pools of the target's database are paused, by whatever name, and no other; a rollback resumes them")
  func paused() async throws {
    try await with { desk, pooler in
      try desk.write("  stop: { uses: pgbouncer.pause, with: { admin: [\"${env:CONSOLE}\"] } }")
      let shown = try await desk.caisson("plan", env: console(pooler)).text
      #expect(shown.contains("admin.pause"), "PAUSE outlives a crash: \(shown)")
      let said = try await desk.caisson("apply", "--yes", env: console(pooler))
      #expect(said.exit == 0, "\(said.text)")
      #expect(try await pooler.isPaused(desk.database.name))
      #expect(try await !pooler.isPaused("other"))
      #expect(try await desk.caisson("rollback", "--yes", env: console(pooler)).exit == 0)
      #expect(try await !pooler.isPaused(desk.database.name))
    }
  }

  @Test("paused and resumed by a plan, twice: a pool that is not paused is none of resume's business")
  func resumed() async throws {
    try await with { desk, pooler in
      try desk.write("""
          stop: { uses: pgbouncer.pause, with: { admin: ["${env:CONSOLE}"], databases: [other] } }
          go: { uses: pgbouncer.resume, needs: [stop], with: { admin: ["${env:CONSOLE}"], databases: [\(desk.database.name), other] } }
        """)
      for _ in 0..<2 {
        let said = try await desk.caisson("apply", "--yes", "--again", env: console(pooler))
        #expect(said.exit == 0, "\(said.text)")
        #expect(try await !pooler.isPaused("other"))
      }
    }
  }

  @Test("a pool that is not there is told with what was probably meant", arguments: [("otter", "did you mean the pool `other`?")])
  func missing(name: String, says: String) async throws {
    try await with { desk, pooler in
      try desk.write("  stop: { uses: pgbouncer.pause, with: { admin: [\"${env:CONSOLE}\"], databases: [\(name)] } }")
      let said = try await desk.caisson("apply", "--yes", env: console(pooler))
      #expect(said.exit == 5 && said.text.contains(says), "\(said.text)")
      try await desk.expectUntouched()
    }
  }
}
