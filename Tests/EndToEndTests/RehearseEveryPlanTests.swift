import ChildProcess
import Glibc
import JSONText
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

/// `caisson rehearse` on every plan of plans/, with its sample.
@Suite(.database, .contrib("btree_gist"), .ownTime(.minutes(15))) struct RehearseEveryPlanTests {
  struct System: Sendable, CustomTestStringConvertible {
    let folder: String
    let scale: String
    /// By environment: what its command line has more, and what its environment has.
    var options: [String: [String]] = [:]
    var more: [String: String] = [:]
    /// Steps that stay, by environment.
    var staying: [String: [String]] = [:]
    var testDescription: String { folder }

    var environments: [String] {
      HouseTree.files(under: "plans/\(folder)", ending: ".yaml").compactMap { $0.split(separator: "/").last.map(String.init) }
        .filter { $0.hasPrefix("staging") }
    }
  }

  /// Wider ranges than in the plans, so that there are fewer partitions.
  private static let late = "staging-retention.yaml"
  private static let fleet = """
      audit-by-month: { with: { every: 1 year, premake: 2 } }
      audit-ahead: { with: { every: 1 year, premake: 2 } }
    """
  private static let orders = ["orders", "downloads", "logs"].map {
    "  \($0)-by-month: { with: { every: 1 year, premake: 2 } }\n  \($0)-ahead: { with: { every: 1 year, premake: 2, alarm: 1 } }"
  }.joined(separator: "\n")
  private static let port = (try? LoopbackPort.free()).map(String.init) ?? "6499"

  static let systems = [
    System(
      folder: "boosterz", scale: "0.1",
      staying: ["staging-cleanup.yaml": ["notifications-by-time", "notifications-retention"]]),
    System(folder: "drain-fortin", scale: "0.1", options: ["staging-pooling.yaml": ["--var", "pool_port=\(port)"]]),
    System(folder: "phase4", scale: "0.05", more: ["staging.yaml": orders]),
    System(
      folder: "zenfleet", scale: "0.1",
      options: [
        "staging-export.yaml": ["--var", "subject=7", "--var", "request=1"], "staging-erase.yaml": ["--var", "subject=7"],
        "staging-pooling.yaml": ["--var", "pool_port=\(port)"],
      ],
      more: ["staging-partitions.yaml": fleet],
      staying: ["staging-anonymise.yaml": ["anonymise-inactive"], "staging-erase.yaml": ["erase"]]),
  ]

  private static let secrets = [
    "ZENFLEET_TOKEN_KEY": "key of the tokens", "ZENFLEET_ERASURE_KEY": "key of the log", "ZENFLEET_APP_PASSWORD": "fleet-demo",
    "POOL_OPERATOR_PASSWORD": "pool-demo", "POOL_LOOKUP_PASSWORD": "lookup-demo",
  ]

  @Test("every plan passes its rehearsal, and nothing is left of it", arguments: systems)
  func all(system: System) async throws {
    let desk = try await Desk(system)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (place, environment) in system.environments.filter({ $0 != Self.late }).enumerated() {
        // Two at a time.
        if place >= 2 { try await group.next() }
        group.addTask { try await desk.rehearse(environment) }
      }
      try await group.waitForAll()
    }
    if system.environments.contains(Self.late) {
      try await desk.partitionTheLog()
      try await desk.rehearse(Self.late)
    }
    #expect(FolderNames.all(in: desk.home) == [])
    try await desk.close()
  }

  private struct Desk {
    let system: System
    let home: String
    let folder: String
    let database = TestDatabase.current

    init(_ system: System) async throws {
      self.system = system
      home = try TemporaryFolder.make(prefix: "caisson-home")
      folder = try TemporaryFolder.make(prefix: "caisson-plans")
      _ = try await Command(["cp", "-r", "\(HouseTree.root)/plans/\(system.folder)/.", folder]).run()
      // What its README has made beforehand: the log of erasures is no part of the repository.
      mkdir("\(folder)/erasures", 0o700)
      for name in system.environments {
        let lines = HouseTree.text("plans/\(system.folder)/\(name)").split(separator: "\n")
          .map { $0.hasPrefix("target:") ? "target: ${env:TARGET}" : String($0) }
        try ServerFiles.write(lines.joined(separator: "\n") + "\n" + (system.more[name] ?? "") + "\n", to: "\(folder)/\(name)", owner: nil)
      }
      try await SampleDatabases.shared.copy("\(HouseTree.root)/plans/\(system.folder)/sample.sql", scale: system.scale, to: database)
    }

    /// Retention is for the log as partitions.yaml makes it.
    func partitionTheLog() async throws {
      let words = ["apply", "\(folder)/staging-partitions.yaml", "--until", "audit-by-month", "--yes"]
      let result = try await runCaisson(words, env: ["TARGET": database.url], timeout: .seconds(300))
      #expect(result.exit == 0, "\(result.stdout)\(result.stderr)")
    }

    func rehearse(_ environment: String) async throws {
      let variables = ["TARGET": database.url, "CAISSON_SANDBOX_HOME": home].merging(RehearseEveryPlanTests.secrets) { $1 }
      let words = ["rehearse", "\(folder)/\(environment)", "--sample", "100%", "--output", "json"] + (system.options[environment] ?? [])
      let result = try await runCaisson(words, env: variables, timeout: .seconds(600))
      let json = (try? JSON(parsing: result.stdout)) ?? .null
      #expect(result.exit == 0 && json["passed"] == .bool(true), "\(environment): \(result.stdout)\(result.stderr)")
      let stays = json["stays"]?.array?.compactMap { $0["step"]?.string } ?? []
      #expect(stays == system.staying[environment] ?? stays, "\(environment)")
    }

    func close() async throws {
      try await TemporaryFolder.remove(folder)
      try await TemporaryFolder.remove(home)
    }
  }
}
