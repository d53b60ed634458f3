import ChildProcess
import Sandbox
import SQLText
import TestSupport
import Testing

/// plans/zenfleet/rollout.yaml: staging in one cluster, production's six databases in another.
@Suite(.database, .contrib("btree_gist"), .ownTime(.minutes(5))) struct FleetRolloutTests {
  private static let rollout = ["rollout", "plans/zenfleet/rollout.yaml", "--yes"]
  private static let countries = ["eu", "us", "uk", "ca", "au", "jp"]

  @Test("staging soaks, then six databases in waves, each with a second person's word, one that fails and is retried alone")
  func fleet() async throws {
    try await TemporaryFolder.with(servers: true) { folder in
      let desk = try await FleetDesk(folder)
      var first = try await desk.caisson(Self.rollout)
      #expect(first.exit == 5 && first.stdout.contains("soak"), "\(first.stdout)\(first.stderr)")
      while first.stdout.contains("soak") {
        try await Task.sleep(for: .seconds(10))
        first = try await desk.caisson(Self.rollout)
      }
      #expect(first.exit == 5 && first.stdout.contains("release --target eu --reason"), "\(first.stdout)\(first.stderr)")
      try await desk.approve()
      let second = try await desk.caisson(Self.rollout)
      #expect(second.exit == 5 && second.stdout.contains("and 4 more wait"), "\(second.stdout)\(second.stderr)")
      try await desk.approve()

      try await desk.psql(
        "ca",
        """
        CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $$not today$$; END';
        CREATE EVENT TRIGGER no ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION no();
        """)
      let third = try await desk.caisson(Self.rollout)
      #expect(third.exit == 1 && third.stdout.contains("production:ca failed"), "\(third.stdout)\(third.stderr)")
      #expect(third.stdout.contains("6 of 7 targets done"), "\(third.stdout)")
      let before = try await desk.attempts()
      try await desk.psql("ca", "DROP EVENT TRIGGER no")
      let last = try await desk.caisson(Self.rollout)
      #expect(last.exit == 0 && last.stdout.contains("complete: 7 of 7 targets done"), "\(last.stdout)\(last.stderr)")
      let after = try await desk.attempts()
      #expect(after.filter { before[$0.key] != $0.value }.map(\.key) == ["ca"])
      await desk.close()
    }
  }

  /// The plan in a folder, a sandbox with staging, and production's databases in the tests' cluster.
  private struct FleetDesk {
    let folder: String
    let database = TestDatabase.current
    private var environment: [String: String]

    init(_ folder: String) async throws {
      self.folder = folder
      let cluster = TestDatabase.current.cluster
      environment = ["CAISSON_SANDBOX_HOME": folder + "/sandbox", "ZENFLEET_FLEET": ""]
      _ = try await Command(["cp", "-R", "\(HouseTree.root)/plans", folder]).run()
      // Names of its own: other tests use the cluster, too. And a soak that a busy machine does not sit out unseen.
      let file = HouseTree.text("plans/zenfleet/production-fleet.yaml")
      try ServerFiles.write(
        file.replacing("dbname=zenfleet_", with: "dbname=\(database.name)_").replacing("soak: 10s", with: "soak: 30s"),
        to: "\(folder)/plans/zenfleet/production-fleet.yaml", mode: 0o644, owner: nil)
      environment["ZENFLEET_FLEET"] = way(as: "postgres")
      try await sample(into: database.url)
      for country in FleetRolloutTests.countries {
        try await cluster.sql("CREATE DATABASE \(id: "\(database.name)_\(country)") TEMPLATE \(id: database.name)")
      }
      _ = try await caisson(["sandbox", "up"])
      _ = try await caisson(["sandbox", "psql", "--", "-X", "-q", "-c", "CREATE DATABASE zenfleet_staging"])
      try await sample(into: nil)
    }

    func close() async {
      _ = try? await caisson(["sandbox", "down"])
      for country in FleetRolloutTests.countries {
        _ = try? await database.cluster.sql("DROP DATABASE IF EXISTS \(id: "\(database.name)_\(country)") WITH (FORCE)")
      }
    }

    private func way(as role: String) -> String {
      role == "postgres"
        ? "host=\(database.cluster.server.socketFolder) port=\(database.cluster.port) user=postgres"
        : "host=127.0.0.1 port=\(database.cluster.port) user=\(role) password='their own'"
    }

    private func sample(into url: String?) async throws {
      let options = ["-X", "-q", "-v", "scale=0.1", "-v", "anchor=2026-06-01", "-f", "plans/zenfleet/sample.sql"]
      let own = try [CaissonProgram.path(), "sandbox", "psql", "--database", "zenfleet_staging", "--"]
      let words = if let url { [try await ServerPrograms.find().path("psql"), url] + options } else { own + options }
      let output = try await Command(words, additions: environment, directory: folder, timeout: .seconds(120)).run()
      #expect(output.succeeded, "\(output.errorText)")
    }

    func caisson(
      _ words: [String], _ more: [String: String] = [:]
    ) async throws -> (exit: Int32, stdout: String, stderr: String) {
      try await runCaisson(words, env: environment.merging(more) { $1 }, directory: folder)
    }

    func approve() async throws {
      for country in FleetRolloutTests.countries {
        _ = try await caisson(["journal", "install", "plans/zenfleet/production-fleet.yaml", "--target", country, "--roles"])
      }
      let role = "second_\(database.name)"
      try await database.cluster.sql(
        """
        DO $$ BEGIN CREATE ROLE \(id: role) LOGIN PASSWORD 'their own' IN ROLE caisson_approver;
        EXCEPTION WHEN duplicate_object THEN END $$
        """)
      let said = try await caisson(
        ["approve", "plans/zenfleet/production-fleet.yaml", "release"], ["ZENFLEET_FLEET": way(as: role)])
      #expect(said.exit == 0, "\(said.stderr)")
    }

    func psql(_ country: String, _ script: String) async throws {
      let connection = try await database.cluster.connect(database: "\(database.name)_\(country)")
      try await connection.script(script)
      await connection.close()
    }

    /// How often work was begun, by country.
    func attempts() async throws -> [String: String] {
      var counts: [String: String] = [:]
      for country in FleetRolloutTests.countries {
        let connection = try await database.cluster.connect(database: "\(database.name)_\(country)")
        counts[country] = try await connection.query("SELECT count(*) FROM caisson.attempt").value
        await connection.close()
      }
      return counts
    }
  }
}
