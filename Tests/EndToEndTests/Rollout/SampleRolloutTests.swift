import ChildProcess
import SQLText
import Sandbox
import TestSupport
import Testing

/// rollout.yaml of the samples, on two databases of the tests' cluster.
@Suite(.database, .ownTime(.minutes(5))) struct SampleRolloutTests {
  @Test("production refuses before staging has run, waits while it soaks, and is done with staging's evidence",
    arguments: ["boosterz", "drain-fortin"])
  func promoted(_ sample: String) async throws {
    let production = TestDatabase.current
    try await TestDatabase.with { staging in
      try await TemporaryFolder.with { folder in
        for database in [staging, production] {
          try await SampleDatabases.shared.copy("\(HouseTree.root)/plans/\(sample)/sample.sql", scale: "0.1", to: database)
        }
        _ = try await Command(["cp", "-R", "\(HouseTree.root)/plans/\(sample)", "\(folder)/plan"]).run()
        let name = sample.replacing("-", with: "_")
        for file in ["staging", "production"] {
          let text = HouseTree.text("plans/\(sample)/\(file).yaml").replacing("sandbox:\(name)_staging", with: "${env:STAGING}")
            .replacing("sandbox:\(name)_production", with: "${env:PRODUCTION}").replacing("soak: 10s", with: "soak: 20s")
          try ServerFiles.write(text, to: "\(folder)/plan/\(file).yaml", mode: 0o644, owner: nil)
        }
        let environment = ["STAGING": staging.url, "PRODUCTION": production.url]
        func caisson(_ words: String...) async throws -> (exit: Int32, text: String) {
          let result = try await runCaisson(words, env: environment, directory: "\(folder)/plan")
          return (result.exit, result.stdout + result.stderr)
        }
        let early = try await caisson("apply", "production.yaml", "--yes")
        #expect(early.exit == 5 && early.text.contains("staging has no evidence of"), "\(early.text)")
        let done = try await caisson("rollout", "rollout.yaml", "--yes", "--wait=1min")
        #expect(done.exit == 0 && done.text.contains("complete: 2 of 2 targets done"), "\(done.text)")
        #expect(done.text.contains("it soaks for 20s"), "\(done.text)")
        #expect(done.text.contains("lookback: \"2 months\" in staging, \"3 months\" here, allowed") == (sample == "drain-fortin"))
        let status = try await caisson("rollout", "rollout.yaml", "--status")
        #expect(status.exit == 0, "\(status.text)")
        let shown = try await caisson("evidence", "show", "production.yaml")
        #expect(shown.exit == 0 && shown.text.contains("staging"), "\(shown.text)")
      }
    }
  }
}
