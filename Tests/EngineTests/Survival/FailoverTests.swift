import BuiltinPlugins
import Engine
import Glibc
import Journal
import PluginAPI
import PostgresClient
import Sandbox
import SQLText
import TestSupport
import Testing

/// The server is lost in the middle of a run, and another one, which is behind, takes its place.
@Suite(.database, .tags(.waits)) struct FailoverTests {
  private static let registry = StepRegistry(StepRegistry.builtin.plugins + [HostPlugin.self])

  private static func plan(_ folder: String) -> String {
    """
      first: { uses: host.note, with: { folder: \(folder), mark: first } }
      column:
        uses: sql.run
        with: { up: ALTER TABLE t ADD COLUMN extra int, down: ALTER TABLE t DROP COLUMN extra }
      second: { uses: host.note, needs: [column], with: { folder: \(folder), mark: second } }
    \(Counted.fill.replacing("fill: {", with: "fill: { needs: [first],"))
      index: { uses: index.create, needs: [fill], with: { table: t, columns: [word, id], unique: true } }
      last: { uses: host.note, needs: [index], with: { folder: \(folder), mark: last } }
    """
  }

  private func runner(_ harness: EngineHarness, on cluster: TestCluster, stop: StopSignal = StopSignal()) -> Runner {
    let address = TargetAddress(name: "staging", connection: cluster.target())
    return Runner(
      harness.resolved, target: Target(address), registry: Self.registry, stop: stop,
      reporter: { harness.events.append($0) })
  }

  private func primary() async throws -> TestCluster {
    let cluster = try await TestCluster.start()
    let connection = try await cluster.connect()
    // Slow enough for a copy to be taken meanwhile.
    try await connection.script(Counted.database.replacing("0.0004 *", with: "0.002 *"))
    await connection.close()
    return cluster
  }

  private func until(_ query: String, on cluster: TestCluster) async throws {
    try await TestSupport.until(query) { try await cluster.sql(SQL(verbatim: query)).value == "t" }
  }

  private static let isFilling = """
    SELECT count(*) > 0 FROM caisson.task WHERE step = 'fill' AND kind = 'chunked' AND state = 'running' AND chunks > 2
    """

  /// Begins a run, copies the server in the middle of it, lets it go on, and loses it.
  private func interrupted(
    _ harness: EngineHarness, as kind: TestCluster.CopyKind, after more: String
  ) async throws -> TestCluster {
    let old = try await primary(), stop = StopSignal()
    let working = Task { try await runner(harness, on: old, stop: stop).apply() }
    try await until("SELECT to_regclass('caisson.task') IS NOT NULL", on: old)
    try await until(Self.isFilling, on: old)
    let copy = try await old.copy(as: kind)
    try await until(more, on: old)
    #expect(try await copy.sql("SELECT state FROM caisson.step WHERE step = 'fill'").value == "running")
    stop.request()
    stop.request()
    try await old.crash()
    _ = try? await working.value
    return copy
  }

  private func expectRightEnd(_ harness: EngineHarness, _ folder: String, on cluster: TestCluster) async throws {
    let wrong = try await cluster.sql(
      """
      SELECT count(*) FROM (SELECT t.id FROM t LEFT JOIN touched USING (id) GROUP BY t.id, t.n
        HAVING count(touched) <> 1 OR t.n <> 1) q
      """)
    #expect(wrong.value == "0")
    #expect(try await cluster.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid").value == "0")
    for mark in ["first", "second", "last"] {
      #expect(ServerFiles.read("\(folder)/\(mark).log") == "done\n", "\(mark)")
      #expect(ServerFiles.read("\(folder)/\(mark).file") == "xxxx", "\(mark)")
    }
    let connection = try await cluster.connect()
    #expect(try await JournalCheck.run(on: connection).map(\.description) == [])
    #expect(try await Audit.run(on: connection).isSound)
    await connection.close()
  }

  @Test(
    "a promoted standby that lacks the last commits: refused, reattached, and what it lacks is done again",
    arguments: ["SELECT sum(chunks) > 8 FROM caisson.task WHERE step = 'fill'", "SELECT state = 'succeeded' FROM caisson.run"])
  func promoted(more: String) async throws {
    try await TemporaryFolder.with { folder in
      let harness = try EngineHarness(Self.plan(folder), registry: Self.registry)
      let standby = try await interrupted(harness, as: .standby, after: more)
      try await standby.promote()
      let refused = await #expect(throws: JournalError.self) { try await runner(harness, on: standby).apply() }
      #expect(refused?.problem == .elsewhere && refused?.command.first == "journal reattach")
      let connection = try await standby.connect()
      let done = try await Reattachment.run(on: connection, target: "staging", actor: "me", reason: "failover")
      #expect(done?.leases ?? 0 > 0)
      await connection.close()
      let report = try await runner(harness, on: standby).apply()
      #expect(report.ending.isSuccess, "\(report.ending)\n\(harness.events.text)")
      try await expectRightEnd(harness, folder, on: standby)
      try await standby.stop()
    }
  }

  @Test("a backup taken in the middle of a run: journal and data agree, and the run goes on from there")
  func restored() async throws {
    try await TemporaryFolder.with { folder in
      let harness = try EngineHarness(Self.plan(folder), registry: Self.registry)
      let backup = try await interrupted(harness, as: .backup, after: "SELECT state = 'succeeded' FROM caisson.run")
      let connection = try await backup.connect()
      #expect(try await JournalCheck.run(on: connection).map(\.description) == [])
      // Work and record came together, as far as the backup goes.
      let agree = try await connection.query(
        "SELECT (SELECT count(*) FROM t WHERE n = 1) = (SELECT sum(done_rows) FROM caisson.task WHERE step = 'fill' AND kind = 'chunked')")
      #expect(agree.value == "t")
      // As if the backup were older than a lease.
      try await connection.query("UPDATE caisson.lease SET until = clock_timestamp() - interval '1 second'")
      await connection.close()
      let report = try await runner(harness, on: backup).apply()
      #expect(report.ending.isSuccess, "\(report.ending)\n\(harness.events.text)")
      try await expectRightEnd(harness, folder, on: backup)
      try await backup.stop()
    }
  }

  @Test("a runner that finds itself on a promoted server stops there and says so")
  func reconnects() async throws {
    try await TemporaryFolder.with { folder in
      let harness = try EngineHarness(Self.plan(folder), registry: Self.registry)
      let old = try await primary()
      let standby = try await old.copy(as: .standby)
      // One name for both, as a virtual address would be.
      let both = ConnectionString(
        "host=\(old.server.socketFolder),\(standby.server.socketFolder) port=\(old.port),\(standby.port) user=postgres dbname=postgres target_session_attrs=read-write")
      let runner = Runner(
        harness.resolved, target: Target(TargetAddress(name: "staging", connection: both)), registry: Self.registry)
      try await standby.stop()
      let working = Task { try await runner.apply() }
      try await until("SELECT to_regclass('caisson.task') IS NOT NULL", on: old)
      try await until(Self.isFilling, on: old)
      let late = try await old.copy(as: .standby)
      try await old.crash()
      // The late copy takes the place of the standby that the name leads to.
      try await late.promote()
      try await late.stop()
      try await late.server.configure(port: standby.port, ["unix_socket_directories": standby.server.socketFolder])
      try await late.start()
      let refused = await #expect(throws: JournalError.self) { try await working.value }
      #expect(refused?.command.first == "journal reattach")
      try await late.stop()
    }
  }
}
