import JSONText
import TestSupport
import Testing

/// One environment, many databases: every command says which.
@Suite(.database) struct ManyTargetsTests {
  private static let steps = "  log: { uses: sql.run, with: { up: CREATE TABLE log (), down: DROP TABLE log } }"

  @Test("what is about one database asks which; a slip of the pen is answered with the name that was meant")
  func asks() async throws {
    try await Fleet.with(Self.steps) { fleet in
      let none = try await fleet.run("apply", "production.yaml")
      #expect(none.exit == 2 && none.stderr.contains("2 targets: eu, us"), "\(none.stderr)")
      #expect(none.stderr.contains("--target") && none.stderr.contains("caisson rollout"), "\(none.stderr)")
      let other = try await fleet.run("plan", "production.yaml", "--target", "ue")
      #expect(other.exit == 2 && other.stderr.contains("did you mean 'eu'?"), "\(other.stderr)")
      let one = try await fleet.run("plan", "staging.yaml", "--target", "eu")
      #expect(one.exit == 2 && one.stderr.contains("staging has one target"), "\(one.stderr)")
      let valid = try await fleet.run("validate", "production.yaml")
      #expect(valid.exit == 0 && valid.stdout.contains("1 step on 2 targets"), "\(valid.stdout)\(valid.stderr)")
    }
  }

  @Test("each database has a journal of its own name, and the next command names it; one is not taken for the other")
  func names() async throws {
    try await Fleet.with(Self.steps) { fleet in
      let applied = try await fleet.run("apply", "production.yaml", "--target", "eu")
      #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
      #expect(try await fleet["eu"].sql("SELECT target FROM caisson.run").value == "production:eu")
      #expect(try await fleet["eu"].sql("SELECT environment FROM caisson.plan").value == "production")
      #expect(try await fleet.having("SELECT to_regclass('log') IS NOT NULL") == ["eu"])
      let again = try await fleet.run("apply", "production.yaml", "--target", "eu")
      #expect(again.exit == 0 && again.stdout.contains("production.yaml --target eu --again"), "\(again.stdout)")
      let swapped = try await fleet.run("apply", "production.yaml", "--target", "us", env: ["TARGET_US": fleet["eu"].url])
      #expect(swapped.exit == 5 && swapped.stderr.contains("production:eu"), "\(swapped.stderr)")
    }
  }

  @Test("status shows each database, and those that can be reached although one cannot")
  func status() async throws {
    try await Fleet.with(Self.steps) { fleet in
      _ = try await fleet.run("apply", "production.yaml", "--target", "us")
      let all = try await fleet.run("status", "production.yaml")
      #expect(all.exit == 0 && all.stdout.contains("shop on production:eu: nothing has run here yet"), "\(all.stdout)")
      #expect(all.stdout.contains("shop on production:us, run "), "\(all.stdout)")
      let away = ["TARGET_EU": "host=/nowhere dbname=shop"]
      let some = try await fleet.run("status", "production.yaml", "-o", "json", env: away)
      #expect(some.exit == 1, "\(some.stderr)")
      let targets = try JSON(parsing: some.stdout)["targets"]?.array ?? []
      #expect(targets.first?["error"]?["message"] != nil && targets.last?["run"]?["target"] == "production:us")
    }
  }
}
