import ChildProcess
import Engine
import Glibc
import JSONText
import PluginAPI
import PostgresClient
import Sandbox
import SQLText
import TestSupport
import Testing

@testable import Gates

/// Backups of a real server, restored and asked.
@Suite(.database, .ownTime(.minutes(4))) struct RestoreTests {
  private static var user: String { Account.forServer.map { ", user: \($0)" } ?? "" }

  /// A server that archives, with a table; and a folder of its user's.
  private func archiving(_ settings: [String: String]) async throws -> (cluster: TestCluster, folder: String) {
    let cluster = try await TestCluster.start(TestCluster.Options(settings: settings))
    try await cluster.sql("CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 5000) g")
    return (cluster, try TemporaryFolder.make(prefix: "cg", owner: Account.forServer))
  }

  private func harness(_ parameters: String) throws -> EngineHarness {
    try EngineHarness("  backup: { uses: gate.backup, with: \(parameters) }", registry: registry)
  }

  private func reason(_ parameters: String, on cluster: TestCluster) async throws -> String {
    let preview = try await harness(parameters).runner(on: cluster).preview()
    guard case .closed(let reason, _)? = preview.preparation["backup"]?.compiled?.program.gates.first else { return "" }
    return reason
  }

  private func evidence(on cluster: TestCluster) async throws -> String {
    try await cluster.sql("SELECT string_agg(result::text, ' ' ORDER BY task) FROM caisson.task WHERE kind = 'process'").value ?? ""
  }

  @Test("pg_basebackup: verified against its manifest, restored, started and asked; what it said stays in the journal")
  func baseBackup() async throws {
    let (cluster, folder) = try await archiving(["archive_mode": "on", "archive_command": "true"])
    let bin = cluster.server.programs.folder
    let keys = "provider: basebackup, path: \(folder)/base"
    let restore = "restore_test: { folder: \(folder), bin: \(bin), query: SELECT count(*) = 5000 FROM orders\(Self.user) }"
    #expect(try await reason("{ \(keys) }", on: cluster).hasPrefix("\(folder)/base cannot be read"))
    try await take([bin + "/pg_basebackup", "-D", folder + "/base", "-X", "stream", "-c", "fast", "--no-sync"], of: cluster)
    #expect(try await reason("{ \(keys) }", on: cluster) == "")

    let tested = try harness("{ \(keys), \(restore) }")
    let report = try await tested.runner(on: cluster).apply()
    guard case .succeeded = report.ending else { return _ = Issue.record("\(report.ending) \(tested.events.text)") }
    #expect(try await evidence(on: cluster).contains("tables"))
    #expect(FolderNames.all(in: folder) == ["base"], "nothing of the test is left")

    // One byte of one table.
    let table = try #require(try await cluster.sql("SELECT pg_relation_filepath('orders')").value)
    _ = try await Command(["dd", "if=/dev/zero", "of=\(folder)/base/\(table)", "bs=1", "seek=100", "count=1", "conv=notrunc"]).run()
    let broken = try await tested.runner(on: cluster).apply(again: true)
    guard case .failed(let errors) = broken.ending else { return _ = Issue.record("\(broken.ending)") }
    #expect(errors.first?.message.contains("pg_verifybackup") == true || errors.first?.operation?.contains("manifest") == true, "\(errors)")
    #expect(FolderNames.all(in: folder) == ["base"])

    _ = try await Command(["touch", "-d", "40 hours ago", folder + "/base/backup_manifest"]).run()
    #expect(try await reason("{ \(keys) }", on: cluster).contains("ended 40 hours ago, max_age is 1 day; it opens when a newer one is there"))
    await remove(cluster, folder)
  }

  @Test("a packed base backup is unpacked; one with tablespaces is refused, whose links lead to the original's")
  func packed() async throws {
    let (cluster, folder) = try await archiving(["archive_mode": "on", "archive_command": "true"])
    let bin = cluster.server.programs.folder
    let restore = "restore_test: { folder: \(folder), bin: \(bin), query: SELECT count(*) = 5000 FROM orders\(Self.user) }"
    try await take([bin + "/pg_basebackup", "-D", folder + "/base", "-Ft", "-z", "-c", "fast", "--no-sync"], of: cluster)
    let tested = try harness("{ provider: basebackup, path: \(folder)/base, \(restore) }")
    let report = try await tested.runner(on: cluster).apply()
    guard case .succeeded = report.ending else { return _ = Issue.record("\(report.ending) \(tested.events.text)") }
    #expect(FolderNames.all(in: folder) == ["base"])
    try ServerFiles.write("", to: folder + "/base/16400.tar.gz", owner: Account.forServer)
    let refused = try await tested.runner(on: cluster).apply(again: true)
    guard case .refused(let refusals) = refused.ending else { return _ = Issue.record("\(refused.ending)") }
    #expect(refusals.map(\.finding.code) == ["backup.restore"] && refusals[0].finding.message.contains("tablespaces"))
    await remove(cluster, folder)
  }

  @Test("killed while the restored server is up: nothing of it is left, and the next apply makes the test again")
  func killed() async throws {
    let (cluster, folder) = try await archiving(["archive_mode": "on", "archive_command": "true"])
    try await take([cluster.server.programs.path("pg_basebackup"), "-D", folder + "/base", "-c", "fast", "--no-sync"], of: cluster)
    try await TemporaryFolder.with { plan in
      let query = "SELECT (pg_stat_file('\(folder)/go', true)).size IS NOT NULL OR pg_sleep(60)::text = 'x'"
      let restore = "{ folder: \(folder), bin: \(cluster.server.programs.folder), query: \"\(query)\"\(Self.user) }"
      let with = "{ provider: basebackup, path: \(folder)/base, restore_test: \(restore) }"
      try ServerFiles.write(
        "caisson: 1\nplan: test\nsteps:\n  backup: { uses: gate.backup, with: \(with) }\n", to: plan + "/plan.yaml", owner: nil)
      try ServerFiles.write("environment: staging\nplan: plan.yaml\ntarget: ${env:TARGET}\n", to: plan + "/staging.yaml", owner: nil)
      let apply = Command(
        [try CaissonProgram.path(), "apply", plan + "/staging.yaml"],
        additions: ["TARGET": "host=\(cluster.server.socketFolder) port=\(cluster.port) user=\(LocalCluster.superuser) dbname=postgres"])
      let pid = try apply.startDetached(log: plan + "/log")
      let asking: SQL = "SELECT count(*) = 1 FROM caisson.task WHERE operation = 'ask' AND state = 'intent'"
      try await until {
        guard try await cluster.sql("SELECT to_regclass('caisson.task') IS NOT NULL").value == "t" else { return false }
        return try await cluster.sql(asking).value == "t"
      }
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
      try await until { FolderNames.all(in: folder) == ["base"] }
      try ServerFiles.write("", to: folder + "/go", owner: Account.forServer)
      let again = try await apply.run()
      #expect(again.succeeded, "\(again.text)\(again.errorText)")
      #expect(FolderNames.all(in: folder).sorted() == ["base", "go"])
    }
    await remove(cluster, folder)
  }

  private func until(_ condition: () async throws -> Bool) async throws {
    #expect(try await eventually(condition))
  }

  @Test("an archiver that fails closes, and opens when it has archived again")
  func failingArchive() async throws {
    let (cluster, folder) = try await archiving(["archive_mode": "on", "archive_command": "false"])
    try await take([cluster.server.programs.path("pg_basebackup"), "-D", folder + "/base", "-c", "fast", "--no-sync"], of: cluster)
    try await until {
      try await cluster.sql("SELECT pg_switch_wal()")
      return try await cluster.sql("SELECT failed_count > 0 FROM pg_stat_archiver").value == "t"
    }
    let keys = "{ provider: basebackup, path: \(folder)/base }"
    let failing = try await reason(keys, on: cluster)
    #expect(failing.hasPrefix("archiving fails since 20") && failing.hasSuffix("when the server has archived again"), "\(failing)")
    try await cluster.sql("ALTER SYSTEM SET archive_command = 'true'")
    try await cluster.sql("SELECT pg_reload_conf()")
    try await until { try await cluster.sql("SELECT last_archived_time > last_failed_time FROM pg_stat_archiver").value == "t" }
    #expect(try await reason(keys, on: cluster) == "")
    await remove(cluster, folder)
  }

  /// Each release knows the servers that there were; Debian 12's 2.45 ends at PostgreSQL 15.
  private static func hasPgBackRest() async throws -> Bool {
    let said = try? await Command(["pgbackrest", "version"]).run().text
    guard let minor = said?.firstMatch(of: #/pgBackRest 2\.(\d+)/#).flatMap({ Int($0.1) }) else { return false }
    let newest = minor >= 57 ? 18 : minor >= 54 ? 17 : minor >= 48 ? 16 : 15
    return try await ServerPrograms.find().major <= newest
  }

  @Test("pgBackRest: the newest backup of a stanza, restored from its repository and asked",
        .enabled("needs a pgbackrest that knows this server") { try await hasPgBackRest() })
  func pgBackRest() async throws {
    let (cluster, folder) = try await archiving([:])
    let config = folder + "/pgbackrest.conf", tool = ["pgbackrest", "--config=\(config)", "--stanza=main", "--log-level-console=warn"]
    try ServerFiles.write(
      """
      [global]
      repo1-path=\(folder)/repo
      lock-path=\(folder)/lock
      spool-path=\(folder)/spool
      log-level-file=off
      start-fast=y
      [main]
      pg1-path=\(cluster.server.data)
      pg1-port=\(cluster.port)
      pg1-socket-path=\(cluster.server.socketFolder)
      pg1-user=\(LocalCluster.superuser)

      """, to: config, mode: 0o644, owner: Account.forServer)
    try await cluster.sql("ALTER SYSTEM SET archive_mode = on")
    try await cluster.sql("ALTER SYSTEM SET archive_command = \(literal: (tool + ["archive-push", "%p"]).joined(separator: " "))")
    try await cluster.stop()
    try await cluster.start()
    let keys = "provider: pgbackrest, stanza: main, config: \(config)"
    let user = "restore_test: { folder: \(folder), bin: \(cluster.server.programs.folder)\(Self.user) }"
    #expect(try await reason("{ \(keys), \(user) }", on: cluster).contains("stanza main"))
    try await succeed(cluster.server.asOwner(tool + ["stanza-create"]))
    try await succeed(cluster.server.asOwner(tool + ["--type=full", "backup"]))

    let tested = try harness("{ \(keys), \(user) }")
    let report = try await tested.runner(on: cluster).apply()
    guard case .succeeded = report.ending else { return _ = Issue.record("\(report.ending) \(tested.events.text)") }
    #expect(try await evidence(on: cluster).contains("recovered to"))
    #expect(!FolderNames.all(in: folder).contains { $0.hasPrefix("restore-") })
    let stale = try await reason("{ \(keys), max_age: 1ms, \(user) }", on: cluster)
    #expect(stale.contains("of stanza main ended") && stale.contains("max_age is 1ms"), "\(stale)")
    #expect(try await reason("{ provider: pgbackrest, stanza: other, config: \(config), \(user) }", on: cluster).contains("stanza other"))
    await remove(cluster, folder)
  }

  private func take(_ arguments: [String], of cluster: TestCluster) async throws {
    try await succeed(
      cluster.server.asOwner(
        arguments + ["-h", cluster.server.socketFolder, "-p", "\(cluster.port)", "-U", LocalCluster.superuser]))
  }

  private func succeed(_ command: Command) async throws {
    let output = try await command.run()
    #expect(output.succeeded, "\(command.arguments.joined(separator: " ")): \(output.errorText)\(output.text)")
  }

  private func remove(_ cluster: TestCluster, _ folder: String) async {
    try? await cluster.stop()
    try? await TemporaryFolder.remove(folder)
  }
}
