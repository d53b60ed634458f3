import BuiltinPlugins
import ChildProcess
import Engine
import Glibc
import PluginAPI
import PostgresClient
import Sandbox
import SQLText
import TestSupport
import Testing

/// A file system of a few megabytes that fills up in the middle of the work.
struct SmallDisk {
  let folder: String

  /// Only root may mount; a container may forbid it even then.
  static let canMount: Bool = {
    guard geteuid() == 0, let folder = try? TemporaryFolder.make(prefix: "caisson-disk") else { return false }
    defer { rmdir(folder) }
    guard mount("tmpfs", folder, "tmpfs", 0, "size=1m") == 0 else { return false }
    return umount(folder) == 0
  }()

  static func with(kilobytes: Int, owner: String? = nil, _ body: (SmallDisk) async throws -> Void) async throws {
    let folder = try TemporaryFolder.make(prefix: "caisson-disk")
    defer {
      umount2(folder, CInt(MNT_DETACH))
      rmdir(folder)
    }
    #expect(mount("tmpfs", folder, "tmpfs", 0, "size=\(kilobytes)k") == 0)
    if let owner, let id = Account.id(owner) { chown(folder, id.user, id.group) }
    try await body(SmallDisk(folder: folder))
  }

  func grow(kilobytes: Int) { #expect(mount("tmpfs", folder, "tmpfs", UInt(MS_REMOUNT), "size=\(kilobytes)k") == 0) }
}

@Suite(
  .database(template: Counted.database), .tags(.waits), .serialized,
  .enabled(if: SmallDisk.canMount, "mounting a tmpfs needs root, and a place where it is permitted"))
struct FullDiskTests {
  @Test("the server's disk fills up: the step fails with its SQLSTATE, and after making room the run goes on")
  func server() async throws {
    let cluster = TestDatabase.current.cluster
    try await SmallDisk.with(kilobytes: 300, owner: Account.forServer) { disk in
      let space = "small_\(TestDatabase.current.name)"
      let harness = try EngineHarness(Counted.fill, registry: .builtin)
      try await cluster.sql("CREATE TABLESPACE \(id: space) LOCATION \(literal: disk.folder)")
      try await harness.database.sql("ALTER TABLE t SET (autovacuum_enabled = off)")
      try await harness.database.sql("ALTER TABLE t SET TABLESPACE \(id: space)")
      try await harness.database.sql("ALTER TABLE touched SET TABLESPACE \(id: space)")
      let failed = try await harness.runner().apply()
      #expect(failed.ending.errors.first?.sqlState == "53100", "\(failed.ending)\n\(harness.events.text)")
      #expect(try await harness.flaws() == [])
      disk.grow(kilobytes: 20_000)
      let report = try await harness.runner().apply()
      #expect(report.ending.isSuccess, "\(report.ending)\n\(harness.events.text)")
      try await Counted.expectOnce()
      #expect(try await harness.flaws() == [])
      for table in ["t", "touched"] {
        try await harness.database.sql("ALTER TABLE \(id: table) SET TABLESPACE pg_default")
      }
      try await cluster.sql("DROP TABLESPACE \(id: space)")
    }
  }

  @Test("limits.free_disk: past it the work is stopped before the disk is full, its chunks kept; with room again it goes on")
  func limit() async throws {
    let cluster = TestDatabase.current.cluster
    try await SmallDisk.with(kilobytes: 20_000, owner: Account.forServer) { disk in
      let space = "limited_\(TestDatabase.current.name)"
      let harness = try EngineHarness(Counted.fill, registry: .builtin, environment: "limits: { free_disk: 8MB }")
      try await cluster.sql("CREATE TABLESPACE \(id: space) LOCATION \(literal: disk.folder)")
      try await harness.database.sql("ALTER TABLE t SET TABLESPACE \(id: space)")
      try await harness.database.script("""
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END';
        CREATE TRIGGER dawdle BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION dawdle()
        """)
      let run = Task { try await harness.runner().apply() }
      while try await harness.database.sql("SELECT to_regclass('caisson.task') IS NOT NULL").value != "t" {
        try await Task.sleep(for: .milliseconds(20))
      }
      while try await harness.database.sql("SELECT count(*) FROM caisson.task WHERE cursor IS NOT NULL").value == "0" {
        try await Task.sleep(for: .milliseconds(20))
      }
      try ServerFiles.write(String(repeating: "x", count: 14_000_000), to: disk.folder + "/filler", owner: nil)
      guard case .waiting(let gates) = try await run.value.ending else { return _ = Issue.record("\(harness.events.text)") }
      #expect(gates.first?.reason.contains("MB are free in tablespace \(space), 8MB have to be") == true, "\(gates)")
      unlink(disk.folder + "/filler")
      try await harness.database.sql("DROP TRIGGER dawdle ON t")
      let report = try await harness.runner().apply()
      #expect(report.ending.isSuccess, "\(report.ending)\n\(harness.events.text)")
      try await Counted.expectOnce()
      #expect(try await harness.flaws() == [])
      try await harness.database.sql("ALTER TABLE t SET TABLESPACE pg_default")
      try await cluster.sql("DROP TABLESPACE \(id: space)")
    }
  }

  @Test("the runner's own disk is full: the file is not half written, and after making room the step goes on")
  func runner() async throws {
    try await SmallDisk.with(kilobytes: 64) { disk in
      let harness = try EngineHarness(
        "  note: { uses: host.note, with: { folder: \(disk.folder), mark: a, size: 200000 } }",
        registry: StepRegistry([HostPlugin.self]))
      let failed = try await harness.runner().apply()
      #expect(failed.ending.errors.count == 1, "\(failed.ending)")
      #expect(!ServerFiles.exists(disk.folder + "/a.file"))
      // No half of it, under whatever name; the mark that nothing was here before is a link to nowhere.
      #expect(try await Command(["find", disk.folder, "-type", "f"]).run().text == "")
      disk.grow(kilobytes: 2_000)
      let report = try await harness.runner().apply()
      #expect(report.ending.isSuccess, "\(report.ending)")
      #expect(ServerFiles.read(disk.folder + "/a.file")?.utf8.count == 200_000)
      #expect(try await harness.flaws() == [])
    }
  }
}
