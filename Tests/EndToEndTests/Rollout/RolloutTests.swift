import Glibc
import JSONText
import PostgresClient
import SQLText
import TestSupport
import Testing

/// Stages, waves and gates, on databases of one cluster.
@Suite(.database) struct RolloutTests {
  private static let log = "  log: { uses: sql.run, with: { up: CREATE TABLE log (), down: DROP TABLE log } }"

  @Test("it goes to the first closed gate, names the command that opens it, and goes on when it is run again")
  func gates() async throws {
    try await Fleet.with(
      Self.log, targets: ["eu", "us", "uk"], production: "approvals: 1", stage: "    waves: [1, 100%]"
    ) { fleet in
      let first = try await fleet.run("rollout")
      #expect(first.exit == 5 && first.stdout.contains("production:eu waits"), "\(first.stdout)\(first.stderr)")
      #expect(first.stdout.contains("production.yaml release --target eu --reason"), "\(first.stdout)")
      #expect(try await fleet.having("SELECT to_regclass('log') IS NOT NULL") == ["staging"])
      #expect(try await fleet["us"].sql("SELECT to_regnamespace('caisson') IS NULL").value == "t", "not its wave")

      let one = try await fleet.approve("--target", "eu")
      #expect(one.exit == 0 && one.stdout.contains("release is approved"), "\(one.stderr)")
      let next = try await fleet.run("rollout", "rollout.yaml", "-o", "json")
      #expect(next.exit == 5, "\(next.stderr)")
      let document = try JSON(parsing: next.stdout)
      #expect(Self.states(document) == ["succeeded", "succeeded", "waiting", "waiting"])
      #expect(document["next"]?.string?.contains("production.yaml release --reason") == true, "all that wait: \(document)")

      let status = try await fleet.run("rollout", "rollout.yaml", "--status")
      #expect(status.exit == 0 && status.stdout.contains("waits for an approval"), "\(status.stdout)\(status.stderr)")
      #expect(status.stdout.contains("2 of 2  production:us"), "\(status.stdout)")
      let all = try await fleet.approve()
      #expect(all.exit == 0 && all.stdout.contains("release is approved on production:uk"), "\(all.stdout)\(all.stderr)")
      let none = try await fleet.approve()
      #expect(none.exit == 5 && none.stderr.contains("no target waits for an approval"), "\(none.stderr)")

      let last = try await fleet.run("rollout")
      #expect(last.exit == 0 && last.stdout.contains("complete: 4 of 4 targets done"), "\(last.stdout)\(last.stderr)")
      #expect(try await fleet.having("SELECT count(*) = 1 FROM caisson.run") == ["staging", "eu", "us", "uk"])
      let again = try await fleet.run("rollout", "rollout.yaml", "--status", "-o", "json")
      #expect(try JSON(parsing: again.stdout)["next"] == .null)
    }
  }

  @Test("it stops while staging soaks, says until when, and goes on after it")
  func soak() async throws {
    let requires = #"requires: { environment: staging, soak: 25s, from: "${env:TARGET_STAGING}" }"#
    try await Fleet.with(Self.log, targets: ["eu"], production: requires) { fleet in
      let first = try await fleet.run("rollout", "rollout.yaml", "-o", "json")
      #expect(first.exit == 5, "\(first.stdout)\(first.stderr)")
      let document = try JSON(parsing: first.stdout)
      #expect(Self.states(document) == ["succeeded", "waiting"])
      let gate = document["stages"]?.array?.last?["targets"]?.array?.first?["gates"]?.array?.first
      #expect(gate?["kind"] == "soak" && gate?["next"]?.string != nil, "\(document)")
      #expect(try await fleet.having("SELECT to_regclass('log') IS NOT NULL") == ["staging"])
      let later = try await fleet.run("rollout", "rollout.yaml", "--wait=2min")
      #expect(later.exit == 0, "\(later.stdout)\(later.stderr)")
    }
  }

  private static func states(_ document: JSON) -> [String?]? {
    document["stages"]?.array?.flatMap { $0["targets"]?.array ?? [] }.map { $0["state"]?.string }
  }

  @Test("six databases in waves: the others of a wave go on beside one that fails, and the next call runs that one alone")
  func failures() async throws {
    let stage = "    waves: [1, 50%, 100%]\n    parallel: 2\n    max_failures: 1"
    try await Fleet.with(Self.log, targets: ["a", "b", "c", "d", "e", "f"], stage: stage) { fleet in
      try await fleet["c"].script("CREATE TABLE log ()")
      let first = try await fleet.run("rollout")
      #expect(first.exit == 1 && first.stdout.contains("production:c failed"), "\(first.stdout)\(first.stderr)")
      #expect(first.stdout.contains("6 of 7 targets done"), "\(first.stdout)")
      try await fleet["c"].script("DROP TABLE log")
      let second = try await fleet.run("rollout")
      #expect(second.exit == 0, "\(second.stdout)\(second.stderr)")
      let all = ["staging", "a", "b", "c", "d", "e", "f"]
      #expect(try await fleet.having("SELECT count(*) = 1 FROM caisson.run") == all)
      let once: SQL = "SELECT count(*) = 1 FROM caisson.attempt"
      #expect(try await fleet.having(once) == all.filter { $0 != "c" })
    }
  }

  @Test("more failures than allowed hold it: nothing further begins; a stage that failed keeps the next from beginning")
  func held() async throws {
    try await Fleet.with(Self.log, targets: ["a", "b", "c"]) { fleet in
      try await fleet["b"].script("CREATE TABLE log ()")
      let held = try await fleet.run("rollout")
      #expect(held.exit == 1 && held.stdout.contains("held at production: 1 failed where 0 may"), "\(held.stdout)")
      #expect(try await fleet.having("SELECT to_regnamespace('caisson') IS NOT NULL") == ["staging", "a", "b"])
      try await fleet["staging"].script("DROP SCHEMA caisson CASCADE")
      let stage = try await fleet.run("rollout")
      #expect(stage.exit == 1 && stage.stdout.contains("held at staging"), "\(stage.stdout)")
      let only = try await fleet.run("rollout", "rollout.yaml", "--only", "c")
      #expect(only.exit == 5 && only.stdout.contains("stage staging is not done"), "\(only.stdout)\(only.stderr)")
      #expect(only.stdout.contains("--until staging"), "\(only.stdout)")
      #expect(try await fleet["c"].sql("SELECT to_regnamespace('caisson') IS NULL").value == "t")
    }
  }

  @Test("a target that cannot be reached has failed, with the reason; the others are not concerned")
  func unreachable() async throws {
    try await Fleet.with(Self.log, stage: "    max_failures: 1") { fleet in
      let away = try await fleet.run("rollout", env: ["TARGET_EU": "host=/nowhere dbname=shop"])
      #expect(away.exit == 1 && away.stderr.contains("caisson rollout production:eu"), "\(away.stderr)")
      #expect(away.stdout.contains("2 of 3 targets done"), "\(away.stdout)")
      let dry = try await fleet.run("rollout", "rollout.yaml", "--dry-run", "-o", "json")
      #expect(dry.exit == 0, "\(dry.stderr)")
      #expect(try Self.states(JSON(parsing: dry.stdout)) == ["succeeded", "to run", "succeeded"])
      #expect(try await fleet["eu"].sql("SELECT to_regnamespace('caisson') IS NULL").value == "t")
      let back = try await fleet.run("rollout", "rollout.yaml", "--only", "production:eu")
      #expect(back.exit == 0 && back.stdout.contains("as far as asked"), "\(back.stdout)\(back.stderr)")
    }
  }

  @Test("a session in the way fails its target alone, with what to do; when it is gone the next call runs that target alone")
  func blocked() async throws {
    let column = """
        add:
          uses: sql.run
          max_stall: 100ms
          retry: { attempts: 2, backoff: 50ms..50ms }
          with: { up: ALTER TABLE t ADD x int, down: ALTER TABLE t DROP x }
      """
    try await Fleet.with(column, stage: "    max_failures: 1") { fleet in
      for name in ["staging", "eu", "us"] { try await fleet[name].script("CREATE TABLE t (id int)") }
      let session = try await fleet["eu"].connect()
      _ = try await session.script("BEGIN; LOCK TABLE t IN SHARE MODE")
      let held = try await fleet.run("rollout")
      #expect(held.exit == 1 && held.stdout.contains("2 of 3 targets done"), "\(held.stdout)\(held.stderr)")
      #expect(held.stderr.contains("rollout production:eu") && held.stderr.contains("end the transaction that holds the lock"), "\(held.stderr)")
      _ = try await session.script("COMMIT")
      await session.close()
      let done = try await fleet.run("rollout")
      #expect(done.exit == 0 && done.stdout.contains("3 of 3 targets done"), "\(done.stdout)\(done.stderr)")
      #expect(try await fleet["us"].sql("SELECT count(*) FROM caisson.attempt").value == "1")
    }
  }

  @Test("a plan edited under an unfinished run stops the rollout with the difference; amended, it goes on")
  func drift() async throws {
    let two = Self.log + "\n  two: { uses: sql.run, needs: [log], with: { up: CREATE TABLE two (), down: DROP TABLE two } }"
    try await Fleet.with(two, targets: ["eu"]) { fleet in
      #expect(try await fleet.run("apply", "staging.yaml", "--until", "log").exit == 0)
      try fleet.write("caisson: 1\nplan: shop\nsteps:\n\(two.replacing("TABLE two ()", with: "TABLE two (x int)"))\n", to: "plan.yaml")
      let drifted = try await fleet.run("rollout")
      #expect(drifted.exit == 7 && drifted.stderr.contains("~ steps.two.with.up"), "\(drifted.stdout)\(drifted.stderr)")
      #expect(drifted.stderr.contains("resume --amend") && drifted.stdout.contains("held at staging"), "\(drifted.stdout)")
      #expect(try await fleet["eu"].sql("SELECT to_regnamespace('caisson') IS NULL").value == "t")
      #expect(try await fleet.run("resume", "staging.yaml", "--amend").exit == 0)
      let done = try await fleet.run("rollout")
      #expect(done.exit == 0, "\(done.stdout)\(done.stderr)")
    }
  }

  @Test("aborting cancels what is unfinished, and what waits at a gate is over")
  func aborted() async throws {
    try await Fleet.with(Self.log, production: "approvals: 1") { fleet in
      _ = try await fleet.run("rollout")
      let mute = try await fleet.run("rollout", "rollout.yaml", "--abort")
      #expect(mute.exit == 2 && mute.stderr.contains("--reason"), "\(mute.stderr)")
      let aborted = try await fleet.run("rollout", "rollout.yaml", "--abort", "--reason", "wrong branch")
      #expect(aborted.exit == 0 && aborted.stdout.contains("canceled"), "\(aborted.stdout)\(aborted.stderr)")
      #expect(try await fleet["eu"].sql("SELECT state FROM caisson.run").value == "canceled")
      #expect(try await fleet["staging"].sql("SELECT state FROM caisson.run").value == "succeeded")
    }
  }

  @Test("a slip of the pen on the command line or in the file is answered before anything is touched")
  func typos() async throws {
    try await Fleet.with(Self.log) { fleet in
      let stage = try await fleet.run("rollout", "rollout.yaml", "--until", "stagin")
      #expect(stage.exit == 2 && stage.stderr.contains("did you mean 'staging'?"), "\(stage.stderr)")
      let target = try await fleet.run("rollout", "rollout.yaml", "--only", "production:ue")
      #expect(target.exit == 2 && target.stderr.contains("did you mean 'production:eu'?"), "\(target.stderr)")
      try fleet.writeStages("  - environment: staging.yaml\n    max_failure: 1")
      let file = try await fleet.run("rollout")
      #expect(file.exit == 3 && file.stderr.contains("rollout.yaml:5:5") && file.stderr.contains("did you mean `max_failures`"))
      let valid = try await fleet.run("validate")
      #expect(valid.exit == 3 && valid.stderr.contains("max_failures"), "\(valid.stderr)")
      #expect(try await fleet.having("SELECT to_regnamespace('caisson') IS NOT NULL") == [])
    }
  }
}
