import Glibc
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

/// plans/zenfleet/pooling.yaml and plans/drain-fortin/pooling.yaml: what their READMEs promise.
@Suite(.serialized, .database, .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(5)))
struct PoolingPlanTests {
  private struct Desk {
    let project: Project
    let port: Int
    let passwords = [
      "ZENFLEET_APP_PASSWORD": "fleet-demo", "POOL_OPERATOR_PASSWORD": "pool-demo", "POOL_LOOKUP_PASSWORD": "lookup-demo",
    ]

    init(_ folder: String, environment: String = "staging") throws {
      port = try LoopbackPort.free()
      let database = TestDatabase.current
      project = try Project(
        "", environment: ["TARGET": database.networkTarget.secret].merging(passwords) { $1 })
      for name in ["pooling.yaml", "pooling-statements.sql"] where HouseTree.files(under: "plans/\(folder)", ending: name) != [] {
        try project.write(HouseTree.text("plans/\(folder)/\(name)"), to: name)
      }
      let lines = HouseTree.text("plans/\(folder)/\(environment)-pooling.yaml").split(separator: "\n").map { line in
        line.hasPrefix("target:") ? "target: ${env:TARGET}"
          : line.hasPrefix("variables:") ? "variables: { database: \(database.name), pool_port: \(port) }" : String(line)
      }
      try project.write(lines.joined(separator: "\n") + "\n", to: "staging.yaml")
      mkdir("\(project.folder)/pool", 0o755)
    }

    func close() async throws { try await TemporaryFolder.remove("\(project.folder)/pool") }
    var files: [String] { FolderNames.all(in: "\(project.folder)/pool").sorted() }
  }

  @Test("the fleet's pool: its arithmetic, its role through it, and back")
  func fleet() async throws {
    let cluster = TestDatabase.current.cluster
    try await TestDatabase.current.script("""
      DO $$ BEGIN CREATE ROLE zenfleet_app; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
      ALTER ROLE zenfleet_app LOGIN PASSWORD 'fleet-demo'
      """)
    let desk = try Desk("zenfleet")
    let plan = try await desk.project.run("plan")
    #expect(plan.exit == 0, "\(plan.stdout)\(plan.stderr)")
    #expect(plan.stdout.contains("1 pool, zenfleet: 1 × (17 + 4 in reserve) = 21"), "\(plan.stdout)")
    #expect(!plan.stdout.contains("pgbouncer.session_state"), "\(plan.stdout)")
    let applied = try await desk.project.run("apply", "--yes")
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
    let pooler = try await TestPooler.start(cluster, rendered: "\(desk.project.folder)/pool", port: desk.port)
    let client = try await Connection.connect(
      ConnectionString("host=127.0.0.1 port=\(desk.port) user=zenfleet_app password=fleet-demo dbname=zenfleet"))
    let row = try await client.query("SELECT current_user || ' ' || current_database()").value
    #expect(row == "zenfleet_app \(TestDatabase.current.name)")
    await client.close()
    pooler.end()
    let back = try await desk.project.run("rollback", "--yes")
    #expect(back.exit == 0, "\(back.stdout)\(back.stderr)")
    #expect(desk.files.filter { $0 != "log" } == [])
    try await desk.close()
  }

  @Test("in production two PgBouncers share the server")
  func production() async throws {
    let desk = try Desk("zenfleet", environment: "production")
    let plan = try await desk.project.run("plan")
    #expect(plan.stdout.contains("1 × (17 + 4 in reserve) = 21 × 2 PgBouncers: 42 of"), "\(plan.stdout)\(plan.stderr)")
    try await desk.close()
  }

  @Test("the call centre's pool says what drivers and a server without the roles mean for it", arguments: ["staging", "production"])
  func calls(environment: String) async throws {
    let desk = try Desk("drain-fortin", environment: environment)
    let plan = try await desk.project.run("plan")
    #expect(plan.exit == 0, "\(plan.stdout)\(plan.stderr)")
    for code in ["pgbouncer.sizing", "pgbouncer.prepared", "pgbouncer.plain", "pgbouncer.role", "pgbouncer.tried"] {
      #expect(plan.stdout.contains(code), "\(code) in\n\(plan.stdout)")
    }
    let applied = try await desk.project.run("apply", "--yes")
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
    #expect(desk.files.filter { !$0.contains(".before-") } == ["auth_query.sql", "pgbouncer.ini", "userlist.txt"])
    try await desk.close()
  }
}
