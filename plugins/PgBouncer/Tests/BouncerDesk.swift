import ChildProcess
import Glibc
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

@testable import PgBouncer

/// A plan with PgBouncer's steps in a folder of its own, a folder that PgBouncer's account may read, and a role with a
/// password on the test's server.
final class BouncerDesk: Sendable {
  /// Of the plan.
  let plan: String
  /// Of the rendered files.
  let pool: String
  let role: String
  let port: Int
  let database = TestDatabase.current
  static let password = "sésame, ouvre-toi"

  /// A desk, and everything it made gone at the end.
  static func with(_ body: (BouncerDesk) async throws -> Void) async throws {
    let desk = try BouncerDesk()
    do {
      try await desk.database.cluster.sql("CREATE ROLE \(id: desk.role) LOGIN PASSWORD \(literal: password)")
      try await body(desk)
      await desk.close()
    } catch {
      await desk.close()
      throw error
    }
  }

  private init() throws {
    plan = try TemporaryFolder.make(prefix: "caisson-plan")
    pool = try TemporaryFolder.make(prefix: "pool", in: database.cluster.folder, owner: database.cluster.server.owner)
    role = "app_\(database.name)"
    port = try LoopbackPort.free()
  }

  private func close() async {
    _ = try? await database.cluster.sql("DROP ROLE IF EXISTS \(id: role)")
    try? await TemporaryFolder.remove(plan)
    try? await TemporaryFolder.remove(pool)
  }

  // MARK: The plan

  /// A render that works; `more` replaces or adds keys of `with`.
  func render(_ more: [String: String] = [:]) -> String {
    let keys = [
      "to": pool, "databases": "{ \(database.name): {} }", "users": "{ \(role): { password: \"${env:APP_PASSWORD}\" } }",
      "admins": "{ operator: { password: \"${env:ADMIN_PASSWORD}\" } }", "pool": "{ cores: 4, direct: 20 }", "open_files": "4096",
      "listen": "{ port: \(port) }",
    ].merging(more) { $1 }
    let lines = keys.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { "      \($0.key): \($0.value)\n" }
    return "  pool:\n    uses: pgbouncer.render\n    with:\n" + lines.joined()
  }

  func write(_ steps: String, environment: String = "") throws {
    try write("caisson: 1\nplan: pooling\nsteps:\n\(steps)\n", to: "plan.yaml")
    try write("environment: staging\nplan: plan.yaml\ntarget: ${env:TARGET}\n\(environment)\n", to: "staging.yaml")
  }

  func write(_ text: String, to name: String) throws {
    try ServerFiles.write(text, to: "\(plan)/\(name)", mode: 0o644, owner: nil)
  }

  var environment: [String: String] {
    [
      "TARGET": database.networkTarget.secret, "APP_PASSWORD": Self.password, "ADMIN_PASSWORD": "operator's own",
      "CONSOLE": "host=127.0.0.1 port=\(port) user=operator password='operator\\'s own'",
    ]
  }

  @discardableResult
  func caisson(_ words: String..., env: [String: String] = [:]) async throws -> (exit: Int32, text: String) {
    let result = try await runCaisson(
      words + ["\(plan)/staging.yaml"], env: environment.merging(env) { $1 })
    return (result.exit, result.stdout + result.stderr)
  }

  /// Applied, or the test has failed.
  @discardableResult
  func apply(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
    let result = try await runCaisson(["apply", "--yes"] + words + ["\(plan)/staging.yaml"], env: environment)
    #expect(result.exit == 0, "\(result.stdout)\(result.stderr)", sourceLocation: sourceLocation)
    return result.stdout + result.stderr
  }

  // MARK: Files

  func file(_ name: String) -> String { ServerFiles.read("\(pool)/\(name)") ?? "" }
  var files: [String] { FolderNames.all(in: pool).sorted() }

  func mode(_ name: String) -> UInt32 {
    var about = stat()
    return stat("\(pool)/\(name)", &about) == 0 ? about.st_mode & 0o777 : 0
  }

  /// No file, no run.
  func expectUntouched(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    #expect(files == [], sourceLocation: sourceLocation)
    guard try await database.sql("SELECT to_regclass('caisson.run') IS NOT NULL").value == "t" else { return }
    #expect(try await database.sql("SELECT count(*) FROM caisson.run").value == "0", sourceLocation: sourceLocation)
  }

  // MARK: PgBouncer

  /// One that was started from the rendered files.
  func bouncer(_ body: (TestPooler) async throws -> Void) async throws {
    let pooler = try await TestPooler.start(database.cluster, rendered: pool, port: port)
    do { try await body(pooler) } catch {
      await pooler.stop()
      throw error
    }
    await pooler.stop()
  }

  /// `SHOW CONFIG` of it, as its operator.
  func config() async throws -> [String: String] {
    let console = try await Connection.connect(
      ConnectionString(environment["CONSOLE"] ?? "").database("pgbouncer"), ConnectionSettings(adminConsole: true))
    let rows = try await console.script("SHOW CONFIG").last?.rows ?? []
    await console.close()
    return Dictionary(rows.map { ($0["key"] ?? "", $0["value"] ?? "") }, uniquingKeysWith: { $1 })
  }

  /// A program of a client.
  func client(_ words: [String]) async throws -> CommandOutput {
    try await Command(
      words, additions: ["PGPASSWORD": Self.password, "PGHOST": "127.0.0.1", "PGPORT": String(port), "PGUSER": role,
                         "PGDATABASE": database.name], timeout: .seconds(30)
    ).run()
  }
}
