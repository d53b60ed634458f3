import ChildProcess
import Glibc
import PostgresClient
import Sandbox
import SQLText
import Synchronization
import TestSupport
import Testing

/// A plan with a staging database and a production of many, each a database of the test's own cluster.
final class Fleet: Sendable {
  let folder: String
  /// Databases by target: `staging`, and those of production.
  let databases: [String: TestDatabase]
  private let names: [String]
  private let started = Atomic(0)

  /// `steps` stands under `steps:`; `production` and `stage` are further keys of the environment and of its stage.
  static func with(
    _ steps: String, targets: [String] = ["eu", "us"], staging: String = "", production: String = "",
    stage: String = "", _ body: (Fleet) async throws -> Void
  ) async throws {
    try await with(Array(["staging"] + targets), [:]) { databases in
      try await body(
        Fleet(steps, targets: targets, staging: staging, production: production, stage: stage, databases: databases))
    }
  }

  private static func with(
    _ names: [String], _ made: [String: TestDatabase], _ body: ([String: TestDatabase]) async throws -> Void
  ) async throws {
    guard let name = names.first else { return try await body(made) }
    try await TestDatabase.with { database in
      try await with(Array(names.dropFirst()), made.merging([name: database]) { $1 }, body)
    }
  }

  private init(
    _ steps: String, targets: [String], staging: String, production: String, stage: String,
    databases: [String: TestDatabase]
  ) throws {
    folder = try TemporaryFolder.make(prefix: "caisson-fleet")
    self.databases = databases
    names = targets
    try write("caisson: 1\nplan: shop\nsteps:\n\(steps)\n", to: "plan.yaml")
    try write("environment: staging\nplan: plan.yaml\ntarget: ${env:TARGET_STAGING}\n\(staging)\n", to: "staging.yaml")
    let list = targets.map { "  \($0): ${env:TARGET_\($0.uppercased())}\n" }.joined()
    try write("environment: production\nplan: plan.yaml\ntargets:\n\(list)\(production)\n", to: "production.yaml")
    try writeStages("  - environment: staging.yaml\n  - environment: production.yaml\n\(stage)")
  }

  deinit {
    for name in FolderNames.all(in: folder) { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }

  func write(_ text: String, to name: String) throws {
    try ServerFiles.write(text, to: "\(folder)/\(name)", mode: 0o644, owner: nil)
  }

  func writeStages(_ text: String) throws { try write("caisson: 1\nrollout: shop\nstages:\n\(text)\n", to: "rollout.yaml") }

  var environment: [String: String] {
    Dictionary(uniqueKeysWithValues: databases.map { ("TARGET_\($0.key.uppercased())", $0.value.url) })
  }

  /// Runs a command on a file of the folder: `run("apply", "production.yaml", "--target", "eu")`.
  @discardableResult
  func run(
    _ command: String, _ file: String = "rollout.yaml", _ options: String..., env: [String: String] = [:]
  ) async throws -> (exit: Int32, stdout: String, stderr: String) {
    try await runCaisson(
      command.split(separator: " ").map(String.init) + ["\(folder)/\(file)"] + options,
      env: environment.merging(env) { $1 })
  }

  subscript(target: String) -> TestDatabase {
    get throws { try #require(databases[target]) }
  }

  /// Another role's word for production's targets; what it was answered.
  func approve(_ options: String...) async throws -> (exit: Int32, stdout: String, stderr: String) {
    let role = "second_\(try self["staging"].name)", cluster = try self["staging"].cluster
    for name in names { try await run("journal install", "production.yaml", "--target", name, "--roles") }
    try await cluster.sql(
      """
      DO $$ BEGIN CREATE ROLE \(id: role) LOGIN PASSWORD 'their own' IN ROLE caisson_approver;
      EXCEPTION WHEN duplicate_object THEN END $$
      """)
    let theirs = databases.map { name, database in
      ("TARGET_\(name.uppercased())", "postgresql://\(role):their%20own@127.0.0.1:\(cluster.port)/\(database.name)")
    }
    return try await runCaisson(
      ["approve", "\(folder)/production.yaml", "release"] + options, env: Dictionary(uniqueKeysWithValues: theirs))
  }

  /// Starts it in the background.
  func start(_ options: String...) throws -> RunningCaisson {
    let log = "\(folder)/output-\(started.wrappingAdd(1, ordering: .relaxed).newValue).log"
    let pid = try Command(
      [CaissonProgram.path(), "rollout", "\(folder)/rollout.yaml"] + options, additions: environment
    ).startDetached(log: log)
    return RunningCaisson(pid: pid, log: log)
  }

  /// Targets, in their order, of which the query is true.
  func having(_ query: SQL) async throws -> [String] {
    var found: [String] = []
    for name in ["staging"] + names where try await self[name].sql(query).value == "t" { found.append(name) }
    return found
  }
}
