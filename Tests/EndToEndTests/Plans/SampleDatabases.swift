import ChildProcess
import SQLText
import Sandbox
import TestSupport

/// Samples of plans/, each made once and copied for every test that needs it.
actor SampleDatabases {
  static let shared = SampleDatabases()
  private var made: [String: Task<String, any Error>] = [:]

  /// The test's database becomes the sample.
  func copy(_ sample: String, scale: String, to database: TestDatabase) async throws {
    let key = "\(sample) \(scale)"
    let cluster = database.cluster, name = "sample_\(made.count + 1)"
    let task = made[key] ?? Task { try await Self.make(name, sample, scale, on: cluster) }
    made[key] = task
    let template = try await task.value
    try await cluster.sql("DROP DATABASE \(id: database.name) WITH (FORCE)")
    try await cluster.sql("CREATE DATABASE \(id: database.name) TEMPLATE \(id: template) STRATEGY file_copy")
  }

  /// With today as its today.
  private static func make(_ name: String, _ sample: String, _ scale: String, on cluster: TestCluster) async throws -> String {
    try await cluster.sql("CREATE DATABASE \(id: name) TEMPLATE template0")
    let today = try await cluster.sql("SELECT current_date").value ?? ""
    let psql = try await ServerPrograms.find().path("psql"), url = cluster.target(database: name).secret
    let output = try await Command(
      [psql, url, "-X", "-q", "-v", "scale=\(scale)", "-v", "anchor=\(today)", "-f", sample], timeout: .seconds(120)
    ).run()
    guard output.succeeded else { throw SandboxError("\(sample): \(output.errorText)") }
    try await cluster.sql("ALTER DATABASE \(id: name) WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
    return name
  }
}
