import ChildProcess
import Glibc
import JSONText
import PluginAPI
import SQLText
import Sandbox
import Synchronization
import TestSupport
import Testing

@testable import Gates

/// What every gate promises.
@Suite("conformance of gates", .database(template: "CREATE TABLE door (open boolean)"), .ownTime(.minutes(3)))
struct ConformanceTests {
  private var database: TestDatabase { .current }

  @Test("gate.query")
  func query() async throws {
    try await Conformance("gate.query", ["query": "SELECT count(*) > 0 FROM door", "message": "the door is shut"], registry: registry)
      .expectGate(
        open: { try await database.script("INSERT INTO door VALUES (true)") },
        close: { try await database.script("DELETE FROM door") })
  }

  @Test("gate.backup")
  func backup() async throws {
    try await TemporaryFolder.with { folder in
      let path = folder + "/dump"
      try await Conformance("gate.backup", ["provider": "file", "path": .string(path)], registry: registry).expectGate(
        open: { try ServerFiles.write("a dump", to: path, owner: nil) },
        close: { unlink(path) })
    }
  }

  @Test("gate.replica")
  func replica() async throws {
    let name = "follower_\(database.name)", server = database.cluster.server
    let folder = try TemporaryFolder.make(prefix: "caisson-wal", owner: Account.forServer)
    let follower = Mutex<Int32?>(nil)
    func stop() {
      guard let pid = follower.withLock({ $0.take() }) else { return }
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
    let connected: SQL = "SELECT count(*) FROM pg_stat_replication WHERE application_name = \(name)"
    let caughtUp: SQL = "SELECT count(*) FROM pg_stat_replication WHERE application_name = \(name) AND state = 'streaming' AND flush_lsn IS NOT NULL"
    try await Conformance("gate.replica", ["names": [.string(name)], "max_lag_bytes": "1GB"], registry: registry).expectGate(
      open: {
        let pid = try server.asOwner([
          server.programs.path("pg_receivewal"), "-D", folder, "--synchronous", "-n", "-d",
          "host=\(server.socketFolder) port=\(database.cluster.port) user=\(LocalCluster.superuser) application_name=\(name)",
        ]).startDetached(log: "/dev/null")
        follower.withLock { $0 = pid }
        try await until(caughtUp, is: "1")
      },
      close: {
        stop()
        try await until(connected, is: "0")
      })
    stop()
    try await TemporaryFolder.remove(folder)
  }

  private func until(_ query: SQL, is wanted: String) async throws {
    try await TestSupport.until("\(wanted): \(query.text)") { try await database.sql(query).value == wanted }
  }
}
