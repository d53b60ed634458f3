import Engine
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

@testable import Gates

/// Two servers, one of which follows the other.
@Suite(.database, .ownTime(.minutes(3))) struct ReplicaTests {
  private func until(_ condition: SQL, on cluster: TestCluster) async throws {
    try await TestSupport.until(condition.text) { try await cluster.sql(condition).value == "t" }
  }

  private func program(_ parameters: String, on cluster: TestCluster) async throws -> Program {
    let harness = try EngineHarness("  s: { uses: gate.replica, with: \(parameters) }", registry: registry)
    let preview = try await harness.runner(on: cluster).preview()
    return try #require(preview.preparation["s"]?.compiled).program
  }

  private func reason(_ parameters: String, on cluster: TestCluster) async throws -> String {
    guard case .closed(let reason, _)? = try await program(parameters, on: cluster).gates.first else { return "" }
    return reason
  }

  @Test("idle, behind, caught up, gone, and a slot without its consumer: each is said, and what passes opens")
  func standby() async throws {
    let primary = try await TestCluster.start()
    #expect(try await reason("{}", on: primary) == "no standby is connected")
    #expect(try await reason("{ at_least: 0 }", on: primary) == "")
    try await primary.sql("CREATE TABLE load (filler text)")
    let standby = try await primary.copy(as: .follower("alpha"))
    // NULL is what an idle primary says of a standby that lacks nothing.
    try await until(
      """
      SELECT count(*) = 1 AND bool_and(replay_lag IS NULL AND replay_lsn = pg_current_wal_lsn()) FROM pg_stat_replication
      """, on: primary)
    let idle = try await program("{ names: [alpha] }", on: primary)
    #expect(idle.gates.isEmpty)
    #expect(idle.findings.map(\.message) == ["standby alpha has replayed everything: nothing is being written"])

    try await standby.sql("SELECT pg_wal_replay_pause()")
    try await until("SELECT pg_get_wal_replay_pause_state() = 'paused'", on: standby)
    try await primary.sql("INSERT INTO load SELECT repeat(md5(g::text), 30) FROM generate_series(1, 4000) g")
    let behind = try await reason("{ names: [alpha, beta], max_lag_bytes: 1MB }", on: primary)
    #expect(behind.hasPrefix("standby beta is not connected; standby alpha is ") && behind.contains("of WAL behind, 1MB are allowed"), "\(behind)")
    #expect(behind.hasSuffix("it opens when it has caught up"))

    try await standby.sql("SELECT pg_wal_replay_resume()")
    try await until("SELECT bool_and(replay_lsn = pg_current_wal_lsn()) FROM pg_stat_replication", on: primary)
    #expect(try await reason("{ names: [alpha], max_lag_bytes: 1MB }", on: primary) == "")

    try await standby.stop()
    try await until("SELECT count(*) = 0 FROM pg_stat_replication", on: primary)
    #expect(try await reason("{ names: [alpha] }", on: primary) == "standby alpha is not connected")
    try await primary.sql("SELECT pg_create_physical_replication_slot('kept', true)")
    let slots = try await reason("{ at_least: 0, slots: [kept, lost] }", on: primary)
    #expect(slots.contains("slot kept has no consumer and holds") && slots.contains("there is no replication slot lost"), "\(slots)")
  }

  @Test("a role that does not see the standbys is refused, and told what it lacks")
  func privilege() async throws {
    let program = try await compile(GateReplica.self, "{}", role: try await plainRole())
    #expect(program.refusals.map(\.code) == ["replica.privilege"])
  }

  private func plainRole() async throws -> String {
    let name = "plain_\(TestDatabase.current.name)"
    try await TestDatabase.current.sql("CREATE ROLE \(id: name)")
    return name
  }
}
