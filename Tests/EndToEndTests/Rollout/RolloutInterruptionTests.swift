import Glibc
import PostgresClient
import SQLText
import TestSupport
import Testing

/// A rollout that is stopped, killed, or met by another one while a target is at work.
@Suite(.database) struct RolloutInterruptionTests {
  /// It waits for as long as somebody has the table locked, and fails where there is the column already.
  private static let pace = """
      pace:
        uses: sql.run
        retry: { attempts: 1000, backoff: 50ms..100ms }
        with: { up: ALTER TABLE pace ADD COLUMN x int, down: ALTER TABLE pace DROP COLUMN x }
    """

  /// `body` begins when the targets named are at work on a table that the test keeps locked, and lets go of it.
  private static func atWork(
    on targets: [String], in fleet: Fleet,
    _ body: (RunningCaisson, _ release: (String) async throws -> Void) async throws -> Void
  ) async throws {
    var holders: [String: Connection] = [:]
    for target in targets {
      let holder = try await fleet[target].connect()
      try await holder.script("BEGIN; LOCK TABLE pace IN ACCESS EXCLUSIVE MODE")
      holders[target] = holder
    }
    let running = try fleet.start()
    for target in targets {
      try await until(fleet[target], "SELECT to_regclass('caisson.step') IS NOT NULL")
      try await until(fleet[target], "SELECT EXISTS (SELECT FROM caisson.step WHERE state = 'running')")
    }
    try await body(running) { [holders] target in try await holders[target]?.script("COMMIT") }
    for holder in holders.values { await holder.close() }
  }

  private static func until(_ database: TestDatabase, _ query: SQL) async throws {
    try await TestSupport.until(query.text) { try await database.sql(query).value == "t" }
  }

  /// Waits until the rollout has seen a failure and the step begins to wait for its lock anew.
  private static func tries(_ database: TestDatabase, after running: RunningCaisson) async throws {
    while !running.output.contains("failed") { try await Task.sleep(for: .milliseconds(20)) }
    let now = try await database.sql("SELECT clock_timestamp()").value ?? ""
    let waits: SQL = """
      SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND waitstart > \(now)::timestamptz
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
      """
    try await until(database, waits)
  }

  /// `broken`: where the step fails.
  private static func prepare(_ fleet: Fleet, broken: String? = nil) async throws {
    for (name, database) in fleet.databases {
      try await database.script(name == broken ? "CREATE TABLE pace (x int)" : "CREATE TABLE pace ()")
    }
  }

  @Test("a second rollout is told who is at work; Ctrl-C stops at a checkpoint; killed, the same run goes on", arguments: [
    SIGINT, SIGKILL,
  ])
  func stopped(signal: Int32) async throws {
    try await Fleet.with(Self.pace) { fleet in
      try await Self.prepare(fleet)
      try await Self.atWork(on: ["eu"], in: fleet) { running, release in
        let other = try await fleet.run("rollout")
        #expect(other.exit == 6 && other.stdout.contains("production:eu is held by another runner"), "\(other.stdout)\(other.stderr)")
        #expect(other.stdout.contains("process \(running.pid) on"), "\(other.stdout)")
        running.signal(signal)
        #expect(await running.wait() == (signal == SIGINT ? 4 : -SIGKILL), "\(running.output)")
        try await release("eu")
      }
      let again = try await fleet.run("rollout")
      #expect(again.exit == 0, "\(again.stdout)\(again.stderr)")
      #expect(try await fleet.having("SELECT count(*) = 1 FROM caisson.run WHERE state = 'succeeded'").count == 3)
    }
  }

  @Test("with --wait it goes on by itself when a gate has opened, and Ctrl-C ends the waiting")
  func patient() async throws {
    try await Fleet.with(Self.pace, targets: ["eu"], production: "approvals: 1") { fleet in
      try await Self.prepare(fleet)
      let waits: SQL = "SELECT EXISTS (SELECT FROM caisson.run WHERE state = 'waiting')"
      let stopped = try fleet.start("--wait")
      try await Self.until(fleet["eu"], "SELECT to_regclass('caisson.run') IS NOT NULL")
      try await Self.until(fleet["eu"], waits)
      stopped.signal(SIGINT)
      #expect(await stopped.wait() == 4, "\(stopped.output)")
      let running = try fleet.start("--wait=10min")
      try await Self.until(fleet["eu"], waits)
      #expect(try await fleet.approve().exit == 0)
      #expect(await running.wait() == 0, "\(running.output)")
    }
  }

  @Test("when too many have failed, those at work go on to their end, or are asked to stop at a checkpoint", arguments: [
    ("hold", "succeeded"), ("abort", "paused"),
  ])
  func answered(answer: String, state: String) async throws {
    let stage = "    parallel: 2\n    on_failure: \(answer)"
    try await Fleet.with(Self.pace, targets: ["a", "b", "c"], stage: stage) { fleet in
      try await Self.prepare(fleet, broken: "b")
      try await Self.atWork(on: ["a", "b"], in: fleet) { running, release in
        try await release("b")
        try await Self.until(fleet["b"], "SELECT EXISTS (SELECT FROM caisson.run WHERE state = 'failed')")
        if answer == "hold" {
          // It goes on trying although the other has failed.
          for _ in 0..<2 { try await Self.tries(fleet["a"], after: running) }
          try await release("a")
        }
        #expect(await running.wait() == 1, "\(running.output)")
      }
      #expect(try await fleet["a"].sql("SELECT state FROM caisson.run").value == state)
      #expect(try await fleet["c"].sql("SELECT to_regnamespace('caisson') IS NULL").value == "t", "none begins after that")
    }
  }
}
