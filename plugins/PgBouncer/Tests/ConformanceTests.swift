import Glibc
import JSONText
import PluginAPI
import PostgresClient
import Sandbox
import TestSupport
import Testing

@testable import PgBouncer

/// What every step kind promises, killed after each of its operations included: the files and the running PgBouncer are
/// what changes.
@Suite("conformance of pgbouncer steps", .database, .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(5)))
struct ConformanceTests {
  /// Programs under test and this process find it in the environment, as a user's would.
  private static let secret = "CAISSON_TEST_POOL_PASSWORD"

  @Test("pgbouncer.render")
  func render() async throws {
    try await BouncerDesk.with { desk in
      setenv(Self.secret, BouncerDesk.password, 1)
      let parameters: JSON = [
        "to": .string(desk.pool), "databases": [desk.database.name: [:]],
        "users": [desk.role: ["password": .string("${env:\(Self.secret)}")]], "pool": ["cores": 4, "direct": 20], "open_files": 4096,
        "listen": ["port": .int(Int64(desk.port))],
      ]
      try await Conformance("pgbouncer.render", parameters, registry: StepRegistry([PgBouncerPlugin.self]), state: { try await CatalogText.read() + "\n" + desk.contents }).expect()
    }
  }

  @Test("pgbouncer.apply")
  func apply() async throws {
    try await BouncerDesk.with { desk in
      try desk.write(desk.render(["extra": "{ pidfile: \(desk.pool)/pid }"]))
      try await desk.apply()
      try await desk.database.script("DROP SCHEMA caisson CASCADE")
      try await desk.bouncer { _ in
        let text = desk.file("pgbouncer.ini").replacing("max_client_conn = 1000", with: "max_client_conn = 900")
        try ServerFiles.write(text, to: "\(desk.pool)/new.ini", owner: desk.database.cluster.server.owner)
        setenv("CAISSON_TEST_CONSOLE_\(desk.port)", desk.environment["CONSOLE"] ?? "", 1)
        let parameters: JSON = ["admin": .string("${env:CAISSON_TEST_CONSOLE_\(desk.port)}"), "file": .string(desk.pool + "/new.ini")]
        try await Conformance("pgbouncer.apply", parameters, registry: StepRegistry([PgBouncerPlugin.self])) {
          let running = try await desk.config().map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "\n")
          return desk.file("pgbouncer.ini") + running
        }.expect()
      }
    }
  }

  @Test("pgbouncer.pause")
  func pause() async throws {
    try await BouncerDesk.with { desk in
      let poolers = [
        try await TestPooler.start(desk.database.cluster, databases: [desk.database.name]),
        try await TestPooler.start(desk.database.cluster, databases: [desk.database.name]),
      ]
      let parameters: JSON = ["admin": .array(poolers.map { .string($0.console) })]
      let result: Result<Void, any Error>
      do {
        try await Conformance("pgbouncer.pause", parameters, registry: StepRegistry([PgBouncerPlugin.self])) {
          "\(try await poolers[0].isPaused(desk.database.name)) \(try await poolers[1].isPaused(desk.database.name))"
        }.expect()
        result = .success(())
      } catch { result = .failure(error) }
      for pooler in poolers { await pooler.stop() }
      try result.get()
    }
  }
}

extension BouncerDesk {
  /// Of the rendered files that are there for PgBouncer, not of those kept for a rollback.
  fileprivate var contents: String {
    files.filter { $0.hasSuffix(".ini") || $0.hasSuffix(".txt") }.map { "\($0)\n\(file($0))" }.joined()
  }
}
