import JSONText
import TestSupport
import Testing

@Suite(.database) struct UsageTests {
  private static let steps = "  one: { uses: sql.run, with: { up: SELECT 1 } }"

  @Test("a mistake in the plan is exit 3 with its line and column")
  func invalid() async throws {
    let project = try Project("  one: { uses: sql.run, with: { upp: SELECT 1 } }")
    for command in ["validate", "plan", "apply", "status"] {
      let result = try await project.run(command)
      #expect(result.exit == 3, "\(command)")
      #expect(result.stderr.contains("plan.yaml:4:33: error"), "\(result.stderr)")
      #expect(result.stderr.contains("did you mean `up`?"))
    }
  }

  @Test("a missing variable of the environment is exit 3, at the place that names it")
  func missingSecret() async throws {
    let project = try Project(Self.steps, target: "${env:CAISSON_TEST_NOT_THERE}")
    let result = try await project.run("apply")
    #expect(result.exit == 3)
    #expect(result.stderr.contains("staging.yaml:3:9"), "\(result.stderr)")
    #expect(result.stderr.contains("CAISSON_TEST_NOT_THERE"))
  }

  @Test("a slip in command, option or step is exit 2 and says what was meant", arguments: [
    (["aply"], "did you mean 'apply'?"), (["apply", "--utnil", "one"], "did you mean '--until'?"),
    (["apply", "--until", "oen"], "did you mean 'one'?"), (["plan", "--step", "onee"], "did you mean 'one'?"),
    (["events", "--step", "ome"], "did you mean 'one'?"), (["skip", "oe", "--reason", "x"], "did you mean 'one'?"),
    (["skip", "one"], "--reason"), (["apply", "--wait=soon"], "duration"),
  ])
  func slips(words: [String], hint: String) async throws {
    let project = try Project(Self.steps)
    let result = try await runCaisson(
      [words[0], project.file] + words.dropFirst(), env: ["TARGET": project.database.url])
    #expect(result.exit == 2, "\(result.stderr)")
    #expect(result.stderr.contains(hint), "\(result.stderr)")
    #expect(result.stdout.isEmpty)
    #expect(try await project.database.sql("SELECT to_regnamespace('caisson') IS NULL").value == "t")
  }

  @Test("an unknown database is told with its SQLSTATE and the way on")
  func unknownDatabase() async throws {
    let target = TestDatabase.current.cluster.target(database: "nowhere")
    let project = try Project(Self.steps, environment: ["TARGET": target.secret])
    for command in ["plan", "apply", "status", "resume"] {
      let result = try await project.run(command)
      #expect(result.exit == 1, "\(command)")
      #expect(result.stderr.contains("3D000") && result.stderr.contains("nowhere"), "\(result.stderr)")
    }
  }

  @Test("looking before anything has run is no failure")
  func nothingYet() async throws {
    let project = try Project(Self.steps)
    #expect(try await project.json("status")["run"] == .null)
    #expect(try await project.json("history") == [])
    #expect(try await project.json("events") == [])
    #expect(try await project.json("logs") == [])
    let resumed = try await project.run("resume")
    #expect(resumed.exit != 0 && resumed.stderr.contains("caisson apply"), "\(resumed.stderr)")
    let retried = try await project.run("retry", "one", "--reason", "x")
    #expect(retried.exit == 5, "\(retried.stderr)")
  }
}
